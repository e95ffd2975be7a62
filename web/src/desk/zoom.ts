/**
 * Which part of a picture is looked at. Pure; `Zoomable.tsx` has the hands.
 *
 * ```text
 *   picture 0…1            screen 0…1
 *   ┌───────────────┐
 *   │    ┌─────┐ y  │      ┌───────────┐
 *   │  x │     │    │  ─▶  │           │   1 / scale of the picture
 *   │    └─────┘    │      │           │   fills the screen
 *   └───────────────┘      └───────────┘
 * ```
 *
 * Points are parts of the screen's or the picture's width and height.
 */

export interface Zoom {
  /** How many times as large; 1 is the whole picture. */
  scale: number;
  /** The upper left corner of what is seen, in the picture. */
  x: number;
  y: number;
}

export interface Point {
  x: number;
  y: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
/** Beyond this there are only squares. */
export const MOST = 12;
/** A box this small was a click. */
const LEAST_BOX = 0.03;

export const isZoomed = (zoom: Zoom): boolean => zoom.scale > 1;

/** Zooms by a factor, with the point under the pointer staying under it. */
export function zoomAt(zoom: Zoom, factor: number, at: Point): Zoom {
  const scale = Math.min(MOST, Math.max(1, zoom.scale * factor));
  const held = pictured(zoom, at);
  return within({ scale, x: held.x - at.x / scale, y: held.y - at.y / scale });
}

/** Moves the picture by parts of the screen. */
export function pan(zoom: Zoom, by: Point): Zoom {
  return within({ ...zoom, x: zoom.x - by.x / zoom.scale, y: zoom.y - by.y / zoom.scale });
}

/** Zooms to a box drawn on the screen; all of the box is seen. What is too small for a box changes nothing. */
export function toBox(zoom: Zoom, a: Point, b: Point): Zoom {
  const [width, height] = [Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
  if (Math.max(width, height) < LEAST_BOX) return zoom;
  const scale = Math.min(MOST, zoom.scale / Math.max(width, height));
  const centre = pictured(zoom, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  return within({ scale, x: centre.x - 0.5 / scale, y: centre.y - 0.5 / scale });
}

/** Follows two fingers: what lay under each at the start lies under it still, as far as one scale allows. */
export function pinch(start: Zoom, from: readonly [Point, Point], to: readonly [Point, Point]): Zoom {
  const apart = ([p, q]: readonly [Point, Point]) => Math.max(0.01, Math.hypot(p.x - q.x, p.y - q.y));
  const middle = ([p, q]: readonly [Point, Point]) => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 });
  const [was, is] = [middle(from), middle(to)];
  const moved = pan(start, { x: is.x - was.x, y: is.y - was.y });
  return zoomAt(moved, apart(to) / apart(from), is);
}

function pictured(zoom: Zoom, at: Point): Point {
  return { x: zoom.x + at.x / zoom.scale, y: zoom.y + at.y / zoom.scale };
}

/** Keeps what is seen inside the picture; what is hardly larger than whole is whole. */
function within({ scale, x, y }: Zoom): Zoom {
  if (scale < 1.02) return WHOLE;
  const most = 1 - 1 / scale;
  return { scale, x: Math.min(most, Math.max(0, x)), y: Math.min(most, Math.max(0, y)) };
}
