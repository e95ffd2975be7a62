import { expect, test } from "vitest";
import { decide, FASTEST, type LiveBuffer, trimBefore, wentBack } from "./liveclock";

const at = (over: Partial<LiveBuffer>): LiveBuffer => ({
  playhead: 10,
  ranges: [[0, 10.3]],
  frameInterval: 0.04,
  stage: "going",
  rate: 1,
  ...over,
});

test("does nothing with nothing", () => {
  expect(decide(at({ ranges: [] }))).toEqual({ seek: null, rate: 1 });
});

test("the first picture is the first of its group, which needs no other", () => {
  const dark = (playhead: number) => decide(at({ stage: "dark", playhead, ranges: [[4, 6]] }));
  expect(dark(0)).toEqual({ seek: 4, rate: 1 });
  // There it stays until it is shown, also where the browser has rounded or played on.
  for (const playhead of [3.9999, 4, 4.1, 6]) expect(dark(playhead).seek).toBeNull();
  expect(dark(6.1).seek).toBe(4);
});

test("from the first picture it runs to the newest, or jumps where that is far", () => {
  const first = (end: number) => decide(at({ stage: "first", playhead: 4, ranges: [[4, end]] }));
  expect(first(4.4)).toEqual({ seek: null, rate: 1 });
  expect(first(6)).toEqual({ seek: null, rate: 8 });
  expect(first(20)).toEqual({ seek: expect.closeTo(19.8), rate: 1 });
  // Looked at each 40 ms it comes near the end, and never past it.
  for (let behind = 0.6; behind < 10; behind += 0.1) {
    let [playhead, end, steps] = [0, behind, 0];
    for (let rate = 8; rate > FASTEST; steps++) {
      rate = decide(at({ stage: "first", playhead, ranges: [[0, end]], rate })).rate;
      [playhead, end] = [playhead + 0.04 * rate, end + 0.04];
      expect(end - playhead).toBeGreaterThan(0.1);
    }
    expect(end - playhead).toBeLessThanOrEqual(0.5);
    expect(steps * 0.04).toBeLessThan(2);
  }
});

test("stays put inside the room it wants", () => {
  for (const end of [10.2, 10.3, 10.49]) expect(decide(at({ ranges: [[0, end]] }))).toEqual({ seek: null, rate: 1 });
});

test("runs faster when behind, never above a quarter, and until it is well back", () => {
  const far = decide(at({ ranges: [[0, 11.4]] }));
  expect(far.seek).toBeNull();
  expect(far.rate).toBe(1.25);
  expect(decide(at({ ranges: [[0, 10.4]], rate: 1.1 })).rate).toBeGreaterThan(1);
  expect(decide(at({ ranges: [[0, 10.4]], rate: 1 })).rate).toBe(1);
  expect(decide(at({ ranges: [[0, 10.19]], rate: 1.1 })).rate).toBe(1);
});

test("jumps when it is more than a second and a half behind", () => {
  const step = decide(at({ ranges: [[0, 12]] }));
  expect(step.seek).toBeCloseTo(11.8);
  expect(step.rate).toBe(1);
});

test("jumps over a hole to what is now", () => {
  expect(
    decide(
      at({
        ranges: [
          [0, 10.1],
          [30, 31],
        ],
      }),
    ).seek,
  ).toBeCloseTo(30.8);
});

test("a camera of two frames a second gets the room it needs", () => {
  const slow = at({ frameInterval: 0.5, ranges: [[0, 11]] });
  expect(decide(slow)).toEqual({ seek: null, rate: 1 });
  expect(decide({ ...slow, ranges: [[0, 11.5]] }).seek).toBeNull();
});

test("comes back when the axis jumped behind the playhead", () => {
  expect(decide(at({ playhead: 50 })).seek).toBeCloseTo(10.1);
});

test("catches up from any distance, whatever the network did", () => {
  // The world in steps of 100 ms: the end moves on, the playhead follows what was decided.
  for (let behind = 0; behind < 3; behind += 0.05) {
    let state = at({ playhead: 100 - behind, ranges: [[0, 100]] });
    for (let i = 0; i < 200; i++) {
      const step = decide(state);
      const end = state.ranges[0]![1] + 0.1;
      const playhead = Math.min(end, (step.seek ?? state.playhead) + 0.1 * step.rate);
      state = { ...state, playhead, rate: step.rate, ranges: [[0, end]] };
    }
    expect(state.ranges[0]![1] - state.playhead).toBeLessThanOrEqual(0.5);
  }
});

test("lets old pictures go in large steps, not one by one", () => {
  expect(trimBefore({ playhead: 19, ranges: [[0, 19.3]] })).toBeNull();
  expect(trimBefore({ playhead: 21, ranges: [[0, 21.3]] })).toBe(13);
  expect(trimBefore({ playhead: 21, ranges: [] })).toBeNull();
});

test("an origin before the axis, or before what came, says that the clock was set back", () => {
  const S = 1_000_000;
  const known = { baseUs: 100 * S, originUs: 200 * S, lastUs: 300 * S };
  expect(wentBack({ ...known, baseUs: null }, 50 * S)).toBe(false);
  expect(wentBack(known, 99 * S)).toBe(true);
  expect(wentBack(known, 250 * S)).toBe(true);
  // The same stream again, one that came back, and a conversion that begins at the last keyframe.
  expect(wentBack(known, 200 * S)).toBe(false);
  expect(wentBack(known, 301 * S)).toBe(false);
  expect(wentBack(known, 299 * S)).toBe(false);
});
