import { expect, test } from "vitest";
import { clock, DAY_US, HOUR_US, MINUTE_US, parseDateTime, SECOND_US } from "../../lib/time";
import {
  askedSpan,
  cells,
  centred,
  clipped,
  follow,
  followMove,
  fraction,
  momentAt,
  NARROWEST_US,
  pan,
  ticks,
  WIDEST_US,
  type Window,
  zoom,
} from "./scale";

const at = (text: string) => parseDateTime(text, 0)!;
const hour: Window = { fromUs: at("20/11/2026 06:30"), spanUs: HOUR_US };

test("a moment and its place are each other's inverse", () => {
  for (let part = 0; part <= 1; part += 0.05) expect(fraction(hour, momentAt(hour, part))).toBeCloseTo(part, 6);
});

test("a cursor that is kept in the middle stays there, whatever the width", () => {
  const cursor = hour.fromUs + 123 * SECOND_US;
  for (const spanUs of [NARROWEST_US, HOUR_US, WIDEST_US])
    expect(fraction(centred({ ...hour, spanUs }, cursor), cursor)).toBeCloseTo(0.5, 6);
});

test("zooming keeps the moment under the pointer", () => {
  for (const factor of [0.1, 0.5, 2, 20])
    for (const part of [0, 0.3, 1]) {
      const zoomed = zoom(hour, factor, part);
      expect(Math.abs(momentAt(zoomed, part) - momentAt(hour, part))).toBeLessThanOrEqual(1);
    }
});

test("zooming ends at twenty seconds and at a month", () => {
  expect(zoom(hour, 1e-9, 0.5).spanUs).toBe(NARROWEST_US);
  expect(zoom(hour, 1e9, 0.5).spanUs).toBe(WIDEST_US);
});

test("ticks stand on whole times, apart enough to be read", () => {
  const labels = ticks(hour, 900).map((t) => t.label);
  expect(labels).toEqual(["06:30", "06:40", "06:50", "07:00", "07:10", "07:20"]);
  for (let span = NARROWEST_US; span <= WIDEST_US; span *= 1.7)
    for (const width of [300, 900, 2500]) {
      const all = ticks({ ...hour, spanUs: span }, width);
      for (let i = 1; i < all.length; i++)
        expect(((all[i]!.us - all[i - 1]!.us) / span) * width).toBeGreaterThanOrEqual(83.9);
    }
});

test("midnight says which day begins, and days say which they are", () => {
  expect(ticks({ fromUs: at("19/11/2026 23:30"), spanUs: HOUR_US }, 900).map((t) => t.label)).toContain("20/11/2026");
  expect(ticks({ fromUs: at("19/11/2026 00:00"), spanUs: 5 * DAY_US }, 450).map((t) => t.label)[0]).toBe("19/11");
});

test("a window that shows the cursor stays; else the cursor comes in with much ahead", () => {
  expect(follow(hour, hour.fromUs + HOUR_US / 2)).toBe(hour);
  const next = follow(hour, hour.fromUs + HOUR_US);
  expect(clock(next.fromUs)).toBe("07:18:00");
  expect(fraction(follow(hour, hour.fromUs - DAY_US), hour.fromUs - DAY_US)).toBeCloseTo(0.2);
});

test("what is asked for covers the window, and does not change with each pixel", () => {
  for (const span of [NARROWEST_US, MINUTE_US, HOUR_US, DAY_US, WIDEST_US])
    for (let i = 0; i < 50; i++) {
      const window = pan({ fromUs: hour.fromUs, spanUs: span }, i / 37);
      const asked = askedSpan(window);
      expect(asked.fromUs).toBeLessThanOrEqual(window.fromUs);
      expect(asked.toUs).toBeGreaterThanOrEqual(window.fromUs + window.spanUs);
    }
  expect(askedSpan(pan(hour, 0.001))).toEqual(askedSpan(hour));
});

test("cuts spans to the window and drops what lies outside", () => {
  expect(clipped(hour, hour.fromUs - SECOND_US, hour.fromUs + HOUR_US / 2)).toEqual({ left: 0, width: 0.5 });
  expect(clipped(hour, hour.fromUs - SECOND_US, hour.fromUs)).toBeNull();
  expect(clipped(hour, hour.fromUs + HOUR_US, hour.fromUs + DAY_US)).toBeNull();
});

test("who pans away from a cursor that plays on stays there, until the cursor jumps", () => {
  const away = pan(hour, -3);
  const cursor = hour.fromUs + HOUR_US / 2;
  expect(followMove(away, cursor, cursor + SECOND_US)).toBe(away);
  expect(fraction(followMove(away, cursor, cursor + MINUTE_US), cursor + MINUTE_US)).toBeCloseTo(0.2);
  expect(followMove(hour, cursor, cursor + SECOND_US)).toBe(hour);
});

test("small pictures stand on a grid of time, and stay there while the window moves", () => {
  const hour = { fromUs: 10 * HOUR_US + 7 * SECOND_US, spanUs: HOUR_US };
  const { stepUs, startsUs } = cells(hour, 1200);
  expect(stepUs).toBe(6 * MINUTE_US);
  expect(startsUs.every((us) => us % stepUs === 0)).toBe(true);
  // From before the left edge to the right one.
  expect(startsUs[0]!).toBeLessThanOrEqual(hour.fromUs);
  expect(startsUs.at(-1)! + stepUs).toBeGreaterThanOrEqual(hour.fromUs + hour.spanUs);
  const later = cells(pan(hour, 0.02), 1200).startsUs;
  expect(later.filter((us) => !startsUs.includes(us)).length).toBeLessThanOrEqual(1);
  for (const width of [300, 800, 1200, 2500])
    for (const spanUs of [20 * SECOND_US, 10 * MINUTE_US, HOUR_US]) {
      const { stepUs } = cells({ fromUs: 0, spanUs }, width);
      expect((stepUs / spanUs) * width).toBeGreaterThanOrEqual(112);
    }
  expect(cells(hour, 0).startsUs).toEqual([]);
});
