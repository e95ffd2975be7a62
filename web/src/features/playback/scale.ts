/** Between moments and pixels of the timeline: window, ticks, zoom. Pure. */
import { clock, clockShort, DAY_US, date, dateShort, HOUR_US, MINUTE_US, SECOND_US, startOfDay } from "../../lib/time";

/** The stretch of time on the screen. */
export interface Window {
  fromUs: number;
  spanUs: number;
}

export const NARROWEST_US = 20 * SECOND_US;
export const WIDEST_US = 31 * DAY_US;

export function fraction(window: Window, us: number): number {
  return (us - window.fromUs) / window.spanUs;
}

export function momentAt(window: Window, part: number): number {
  return Math.round(window.fromUs + part * window.spanUs);
}

/** Zooms by a factor, with the moment under the pointer staying under it. */
export function zoom(window: Window, factor: number, part: number): Window {
  const spanUs = Math.min(WIDEST_US, Math.max(NARROWEST_US, window.spanUs * factor));
  return { fromUs: Math.round(momentAt(window, part) - part * spanUs), spanUs };
}

export function pan(window: Window, part: number): Window {
  return { ...window, fromUs: Math.round(window.fromUs + part * window.spanUs) };
}

/** Returns the window with the cursor in its middle. */
export function centred(window: Window, cursorUs: number): Window {
  return { ...window, fromUs: Math.round(cursorUs - window.spanUs / 2) };
}

/** Returns a window that shows the cursor: the same while it does, else one in which much lies ahead. */
export function follow(window: Window, cursorUs: number): Window {
  const part = fraction(window, cursorUs);
  if (part >= 0.02 && part <= 0.94) return window;
  return { ...window, fromUs: Math.round(cursorUs - 0.2 * window.spanUs) };
}

/**
 * Returns the window after the cursor went from one moment to another. Who has
 * panned away from a cursor that plays on is left there; a jump is gone after.
 */
export function followMove(window: Window, fromUs: number, toUs: number): Window {
  const part = fraction(window, fromUs);
  const wasSeen = part >= 0 && part <= 1;
  return wasSeen || Math.abs(toUs - fromUs) > 5 * SECOND_US ? follow(window, toUs) : window;
}

/**
 * Returns the stretch to ask the server for: wider than the window and on a
 * grid, so that panning a little asks for nothing new.
 */
export function askedSpan(window: Window): { fromUs: number; toUs: number } {
  let step = MINUTE_US;
  while (step < window.spanUs) step *= 2;
  const fromUs = Math.floor(window.fromUs / step) * step;
  return { fromUs, toUs: fromUs + 2 * step };
}

export interface Tick {
  us: number;
  label: string;
}

const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600,
  2678400,
].map((s) => s * SECOND_US);

/** Returns the ticks of a window, at least `apart` pixels from each other. */
export function ticks(window: Window, width: number, apart = 84): Tick[] {
  if (width <= 0) return [];
  const least = (window.spanUs * apart) / width;
  const step = STEPS.find((s) => s >= least) ?? STEPS.at(-1)!;
  const label = (us: number) => {
    if (step >= DAY_US) return dateShort(us);
    if (us === startOfDay(us)) return date(us);
    return step < MINUTE_US ? clock(us) : clockShort(us);
  };
  const out: Tick[] = [];
  // Counted from the start of a day, so that ticks stand on whole hours of the server's zone.
  const origin = startOfDay(window.fromUs);
  const first = Math.ceil((window.fromUs - origin) / step) * step + origin;
  for (let us = first; us < window.fromUs + window.spanUs; us += step) out.push({ us, label: label(us) });
  return out;
}

const CELLS = [2, 5, 10, 15, 20, 30, 60, 90, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 3600].map(
  (s) => s * SECOND_US,
);

/**
 * Returns where pictures of `apart` pixels stand in a row: on a grid of time,
 * so that those of a moment stay the same while the window moves.
 */
export function cells(window: Window, width: number, apart = 112): { stepUs: number; startsUs: number[] } {
  const least = (window.spanUs * apart) / Math.max(1, width);
  const stepUs = CELLS.find((step) => step >= least) ?? CELLS.at(-1)!;
  if (width <= 0) return { stepUs, startsUs: [] };
  const startsUs: number[] = [];
  for (let us = Math.floor(window.fromUs / stepUs) * stepUs; us < window.fromUs + window.spanUs; us += stepUs)
    startsUs.push(us);
  return { stepUs, startsUs };
}

/** Returns the part of the window that a span covers, or null where it covers none. */
export function clipped(window: Window, fromUs: number, toUs: number): { left: number; width: number } | null {
  const left = Math.max(0, fraction(window, fromUs));
  const right = Math.min(1, fraction(window, toUs));
  return right > left ? { left, width: right - left } : null;
}

/** The widths people choose by name. */
export const SPANS = { "10m": 10 * MINUTE_US, "1h": HOUR_US, "1d": DAY_US } as const;
export type SpanName = keyof typeof SPANS;
