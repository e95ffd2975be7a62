import { expect, test } from "vitest";
import { captionWords, snapshotName } from "./snapshot";

/** 20/11/2026 07:42:18,240 in Hanoi. */
const MOMENT = Date.UTC(2026, 10, 20, 0, 42, 18, 240) * 1000;

test("a file's name tells camera and moment, in letters that every disk takes", () => {
  expect(snapshotName({ number: 113, name: "Hướng Đinh Tiên Hoàng", wallUs: MOMENT })).toBe(
    "113-huong-dinh-tien-hoang-20261120-074218-240.png",
  );
  expect(snapshotName({ number: 7, name: "../../«?»", wallUs: MOMENT })).toBe("7-20261120-074218-240.png");
  expect(snapshotName({ number: 7, name: "x".repeat(300), wallUs: MOMENT }).length).toBeLessThan(100);
});

test("the strip tells an estimate from a time", () => {
  const caption = { number: 113, name: "Cổng", wallUs: MOMENT, kind: "trực tiếp", point: "," } as const;
  expect(captionWords({ ...caption, estimated: false })).toEqual([
    "113 · Cổng",
    "20/11/2026 07:42:18,240 UTC+7 · trực tiếp",
  ]);
  expect(captionWords({ ...caption, estimated: true })[1]).toMatch(/^≈ 20\/11/);
});
