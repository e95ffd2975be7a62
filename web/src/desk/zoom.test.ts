import { expect, test } from "vitest";
import { MOST, type Point, pan, pinch, toBox, WHOLE, type Zoom, zoomAt } from "./zoom";

const centre = { x: 0.5, y: 0.5 };
/** Where a point of the picture stands on the screen. */
const onScreen = (zoom: Zoom, at: Point) => ({ x: (at.x - zoom.x) * zoom.scale, y: (at.y - zoom.y) * zoom.scale });

test("what is under the pointer stays under it", () => {
  for (const at of [centre, { x: 0.2, y: 0.7 }, { x: 1, y: 0 }])
    for (const factor of [1.5, 4]) {
      const zoom = zoomAt(WHOLE, factor, at);
      expect(zoom.scale).toBe(factor);
      expect(onScreen(zoom, at).x).toBeCloseTo(at.x);
      expect(onScreen(zoom, at).y).toBeCloseTo(at.y);
    }
});

test("zooming out ends at the whole picture, zooming in at a limit", () => {
  const near = zoomAt(WHOLE, 3, { x: 0.9, y: 0.9 });
  expect(zoomAt(near, 0.1, { x: 0.1, y: 0.4 })).toEqual(WHOLE);
  expect(zoomAt(near, 1000, centre).scale).toBe(MOST);
});

test("what is seen never leaves the picture", () => {
  const zoom = zoomAt(WHOLE, 4, centre);
  expect(pan(zoom, { x: 9, y: 9 })).toEqual({ scale: 4, x: 0, y: 0 });
  expect(pan(zoom, { x: -9, y: -9 })).toEqual({ scale: 4, x: 0.75, y: 0.75 });
  // A quarter of the screen is a sixteenth of the picture.
  expect(pan(zoom, { x: 0.25, y: 0 }).x).toBeCloseTo(0.375 - 0.0625);
  expect(pan(WHOLE, { x: 0.5, y: 0.5 })).toEqual(WHOLE);
});

test("a box fills the screen, whichever way it was drawn", () => {
  const a = { x: 0.25, y: 0.5 };
  const b = { x: 0.5, y: 0.75 };
  expect(toBox(WHOLE, a, b)).toEqual({ scale: 4, x: 0.25, y: 0.5 });
  expect(toBox(WHOLE, b, a)).toEqual({ scale: 4, x: 0.25, y: 0.5 });
  // Within what is seen already.
  expect(toBox(toBox(WHOLE, a, b), { x: 0, y: 0 }, { x: 0.5, y: 0.5 })).toEqual({ scale: 8, x: 0.25, y: 0.5 });
  // A box of another shape is seen whole.
  expect(toBox(WHOLE, { x: 0.4, y: 0.2 }, { x: 0.6, y: 0.7 }).scale).toBeCloseTo(2);
  expect(toBox(WHOLE, a, { x: 0.26, y: 0.51 })).toBe(WHOLE);
});

test("two fingers carry what lies under them", () => {
  const from = [
    { x: 0.4, y: 0.5 },
    { x: 0.6, y: 0.5 },
  ] as const;
  const to = [
    { x: 0.3, y: 0.5 },
    { x: 0.7, y: 0.5 },
  ] as const;
  const zoom = pinch(WHOLE, from, to);
  expect(zoom.scale).toBeCloseTo(2);
  expect(onScreen(zoom, from[0]).x).toBeCloseTo(0.3);
  const moved = pinch(zoom, to, [
    { x: 0.4, y: 0.5 },
    { x: 0.8, y: 0.5 },
  ]);
  expect(moved.scale).toBeCloseTo(2);
  expect(onScreen(moved, from[0]).x).toBeCloseTo(0.4);
  expect(pinch(zoom, to, from)).toEqual(WHOLE);
});
