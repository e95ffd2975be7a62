import { expect, test } from "vitest";
import { ACTS, actWords, moreOf } from "./words";

test("a change that has words of its own is told in them, any other by its act", () => {
  expect(actWords({ act: "hold", details: { change: "released" } })).not.toEqual(ACTS.hold);
  expect(actWords({ act: "hold", details: { change: "placed" } })).toEqual(ACTS.hold);
  expect(actWords({ act: "camera", details: { change: "changed" } })).toEqual(ACTS.camera);
  expect(actWords({ act: "live", details: {} })).toEqual(ACTS.live);
  expect(actWords({ act: "something newer", details: {} })).toBeNull();
});

test("what the act has said is not said again", () => {
  expect(moreOf({ details: { change: "changed", name: "A → B" } })).toEqual([["name", "A → B"]]);
});
