import { expect, test } from "vitest";
import { followRate, Stretch, wantedAheadUs } from "./past";

const S = 1_000_000;

/** The picture in the module's door-plate: frames each second, a gap from 14 to 20. */
function picture(): Stretch {
  const stretch = new Stretch(11 * S);
  stretch.addFragment(
    [10, 11].map((s) => s * S),
    12 * S,
  );
  stretch.addFragment(
    [12, 13].map((s) => s * S),
    14 * S,
  );
  stretch.addGap({ fromUs: 14 * S, toUs: 20 * S, reason: "unreachable" });
  stretch.addFragment(
    [20, 21].map((s) => s * S),
    22 * S,
  );
  return stretch;
}

test("shows at any moment what a plain scan over all frames shows", () => {
  const stretch = picture();
  const frames = [10, 11, 12, 13, 20, 21];
  for (let us = 9 * S; us < 24 * S; us += S / 4) {
    const s = us / S;
    const expected =
      s < 10 || s >= 22
        ? { kind: "unknown" }
        : s >= 14 && s < 20
          ? { kind: "gap", gap: { fromUs: 14 * S, toUs: 20 * S, reason: "unreachable" } }
          : { kind: "frame", wallUs: frames.findLast((f) => f <= s)! * S };
    expect(stretch.at(us), `${s}`).toMatchObject(expected);
  }
});

test("a frame ends where the next begins, or where its fragment does", () => {
  expect(picture().at(10.5 * S)).toEqual({ kind: "frame", wallUs: 10 * S, endUs: 11 * S });
  expect(picture().at(13.5 * S)).toEqual({ kind: "frame", wallUs: 13 * S, endUs: 14 * S });
});

test("steps from frame to frame, over the gap, and says when it does not know", () => {
  const stretch = picture();
  expect(stretch.frameAfter(13 * S)).toBe(20 * S);
  expect(stretch.frameAfter(13.5 * S)).toBe(20 * S);
  expect(stretch.frameAfter(21 * S)).toBeNull();
  expect(stretch.frameBefore(20 * S)).toBe(13 * S);
  expect(stretch.frameBefore(13 * S)).toBe(12 * S);
  expect(stretch.frameBefore(10 * S)).toBeNull();
});

test("starts where its first fragment starts, since that is a whole group", () => {
  expect(picture().startUs).toBe(10 * S);
  expect(picture().endUs).toBe(22 * S);
});

test("a channel that begins in a gap knows the gap", () => {
  const stretch = new Stretch(5 * S);
  stretch.addGap({ fromUs: 2 * S, toUs: 8 * S, reason: "crashed" });
  expect(stretch.at(5 * S)).toMatchObject({ kind: "gap" });
  expect(stretch.at(3 * S)).toMatchObject({ kind: "gap" });
  expect(stretch.frameAfter(5 * S)).toBeNull();
});

test("a hole that nobody named is a gap all the same", () => {
  const stretch = new Stretch(5 * S);
  stretch.addFragment([9 * S], 10 * S);
  stretch.addFragment([12 * S], 13 * S);
  expect(stretch.at(6 * S)).toEqual({ kind: "gap", gap: { fromUs: 5 * S, toUs: 9 * S, reason: "" } });
  expect(stretch.at(11 * S)).toEqual({ kind: "gap", gap: { fromUs: 10 * S, toUs: 12 * S, reason: "" } });
});

test("the small holes that clocks make are no gaps", () => {
  const stretch = new Stretch(0);
  stretch.addFragment([0, S], 2 * S);
  stretch.addFragment([2.02 * S], 3 * S);
  expect(stretch.at(2.01 * S)).toEqual({ kind: "frame", wallUs: S, endUs: 2.02 * S });
});

test("forgets whole fragments only, and what it forgot is unknown", () => {
  const stretch = picture();
  expect(stretch.forget(11.9 * S)).toBeNull();
  expect(stretch.forget(13 * S)).toBe(12 * S);
  expect(stretch.at(11 * S)).toEqual({ kind: "unknown" });
  expect(stretch.at(12 * S)).toMatchObject({ kind: "frame" });
});

test("passes over what does not go on, such as a fragment sent twice from before", () => {
  const stretch = picture();
  expect(stretch.addFragment([12 * S], 13 * S)).toBe(false);
  expect(stretch.addFragment([], 13 * S)).toBe(false);
  expect(stretch.at(21 * S)).toMatchObject({ kind: "frame", wallUs: 21 * S });
});

test("wants more ahead the faster it plays", () => {
  expect(wantedAheadUs(16)).toBeGreaterThan(3 * wantedAheadUs(1));
  expect(wantedAheadUs(0.5)).toBe(wantedAheadUs(1));
});

test("a picture out of step is brought back gently, and jumps when it is far", () => {
  expect(followRate(1, 0.01 * S)).toBe(1);
  expect(followRate(1, 0.2 * S)).toBeLessThan(1);
  expect(followRate(1, -0.2 * S)).toBeGreaterThan(1);
  expect(followRate(1, 0.7 * S)).toBeNull();
  expect(followRate(16, 2 * S)).toBeLessThan(16);
  for (const rate of [0.5, 1, 2, 4, 8, 16])
    for (let drift = -0.5; drift <= 0.5; drift += 0.1) {
      const step = followRate(rate, drift * S)!;
      expect(Math.abs(step / rate - 1)).toBeLessThanOrEqual(0.1500001);
    }
});
