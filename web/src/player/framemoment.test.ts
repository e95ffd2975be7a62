import { expect, test } from "vitest";
import { frameMoment } from "./framemoment";

test("the sender's clock tells best, then when the frame came, then when it was drawn", () => {
  const both = { captureTime: 900, receiveTime: 950 };
  expect(frameMoment(1000, both)).toEqual({ ms: 900, measured: "captured" });
  expect(frameMoment(1000, { receiveTime: 950 })).toEqual({ ms: 950, measured: "received" });
  expect(frameMoment(1000, {})).toEqual({ ms: 1000, measured: "drawn" });
});

test("a sender whose clock cannot be right is not believed", () => {
  expect(frameMoment(1000, { captureTime: 1500, receiveTime: 950 }).measured).toBe("received");
  expect(frameMoment(100_000, { captureTime: 1, receiveTime: 99_990 })).toEqual({ ms: 99_990, measured: "received" });
  expect(frameMoment(1000, { receiveTime: 1001 })).toEqual({ ms: 1000, measured: "drawn" });
});
