import type { Page } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { atDesk, cursorUs, fingers, pace, stage, until, type Visit } from "./harness";

const FRAME_US = 40_000;
const MINUTE_US = 60_000_000;
const { mock, visit } = stage();
let it: Visit;
let page: Page;

beforeEach(async () => {
  it = await visit({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  page = it.page;
});

/** Where every camera of these tests has footage. */
const somewhere = () => Math.floor(Date.now() - 45 * 60_000) * 1000;

async function lookBack(): Promise<number> {
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113", "c131"]);
  await page.locator('[data-state="frame"]').first().waitFor();
  return await cursorUs(page);
}
const act = (name: string) => page.locator(`[data-act="${name}"]`);
const timeline = async () => (await page.locator(".tlbody").boundingBox())!;
/** The part of the timeline's width at which the cursor stands. */
const cursorPart = async () => {
  const [line, cursor] = [await timeline(), (await page.locator("[data-cursor-us]").boundingBox())!];
  return (cursor.x + cursor.width / 2 - line.x) / line.width;
};

test.for([320, 360, 390, 430])("everything is within %i px and large enough for a thumb", async (width) => {
  await page.setViewportSize({ width, height: 740 });
  await lookBack();
  const small = () =>
    page.evaluate(() => {
      const seen = [...document.querySelectorAll<HTMLElement>("button, a, .goto")].filter((e) => e.checkVisibility());
      const named = (e: HTMLElement) => e.getAttribute("aria-label") ?? e.textContent ?? e.className;
      return seen.flatMap((element) => {
        const { width, height, left, right } = element.getBoundingClientRect();
        // A grip on the timeline is as high as the track it stands on.
        // What rises to its place is a hundredth of a pixel off on the way.
        const fits = width > 43.9 && (height > 43.9 || element.classList.contains("grip"));
        const inside = element.closest(".wall, .tlbody") || (left >= 0 && right <= innerWidth);
        return fits && inside ? [] : [`${named(element)}: ${width} × ${height} at ${left}`];
      });
    });
  expect(await small()).toEqual([]);
  await act("select").tap();
  expect(await small()).toEqual([]);
  await act("take").tap();
  await act("export").waitFor();
  expect(await small()).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
});

test("the time is dragged past a cursor that stays in the middle, a touch goes there, two fingers zoom", async () => {
  const start = await lookBack();
  const { x, y, width } = await timeline();
  const row = y + 40;
  expect(await cursorPart()).toBeCloseTo(0.5, 2);

  // A tenth of ten minutes.
  await fingers(page, [
    [
      [x + width * 0.5, row],
      [x + width * 0.4, row],
    ],
  ]);
  const dragged = await until(
    () => cursorUs(page),
    (us) => us !== start,
  );
  expect(Math.abs(dragged - start - MINUTE_US)).toBeLessThan(MINUTE_US / 20);
  expect(await cursorPart()).toBeCloseTo(0.5, 2);

  await page.touchscreen.tap(x + width * 0.7, row);
  const touched = await until(
    () => cursorUs(page),
    (us) => us !== dragged,
  );
  expect(Math.abs(touched - dragged - 2 * MINUTE_US)).toBeLessThan(MINUTE_US / 10);
  expect(await cursorPart()).toBeCloseTo(0.5, 2);

  await fingers(page, [
    [
      [x + width * 0.45, row],
      [x + width * 0.25, row],
    ],
    [
      [x + width * 0.55, row],
      [x + width * 0.75, row],
    ],
  ]);
  await page.locator(".tlrow .btn", { hasText: "2 phút" }).waitFor();
  expect(await cursorUs(page)).toBe(touched);
  expect(await cursorPart()).toBeCloseTo(0.5, 2);
  expect(it.complaints).toEqual([]);
});

test("a stretch is chosen at the cursor, to the frame, and is taken out and held", async () => {
  const start = await lookBack();
  await act("select").tap();
  for (let i = 0; i < 3; i++) {
    const before = await cursorUs(page);
    await act("forward").tap();
    await until(
      () => cursorUs(page),
      (us) => us > before,
    );
  }
  const from = await cursorUs(page);
  expect(Math.floor(from / FRAME_US) - Math.floor(start / FRAME_US)).toBe(3);
  await act("from").tap();
  const { x, y, width } = await timeline();
  await page.touchscreen.tap(x + width * 0.8, y + 40);
  const to = await until(
    () => cursorUs(page),
    (us) => us !== from,
  );
  await act("to").tap();
  await act("take").tap();

  const sheet = page.locator('[role="dialog"]');
  await sheet.waitFor();
  const asked = page.waitForRequest((request) => request.url().endsWith("/exports"));
  const download = page.waitForEvent("download");
  await act("export").tap();
  expect((await asked).postDataJSON()).toMatchObject({ camera: "c113", from_us: from, to_us: to, purpose: "kiểm tra" });
  expect((await download).suggestedFilename()).toMatch(/\.mp4$/);
  await sheet.locator(".ready a").waitFor();
  await act("hold").tap();
  await page.locator(".toast").waitFor();
  await sheet.locator("header button").tap();
  await act("unselect").tap();
  expect(await page.locator(".selr").count()).toBe(0);
  await page.locator('a[href="/holds"]').tap();
  await page.locator("tbody tr", { hasText: "113" }).waitFor();
  expect(it.complaints).toEqual([]);
});

test("nobody takes anything out before saying why", async () => {
  await lookBack();
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.locator('[role="dialog"] header button').tap();
  await act("select").tap();
  await act("take").tap();
  await page.locator('[role="dialog"] button', { hasText: "trực ban" }).waitFor();
  expect(await act("export").count()).toBe(0);
});

test("a moment is typed with number keys alone", async () => {
  const start = await lookBack();
  const wanted = Math.floor(start / 1_000_000) * 1_000_000 - 3 * MINUTE_US;
  const text = new Date(wanted / 1000 + 7 * 3600e3).toISOString();
  const field = page.locator('input[name="goto"]');
  await field.tap();
  await field.fill(text.slice(11, 19).replaceAll(":", ""));
  await page.locator(".goto button").tap();
  // The hour alone is of the day that is looked at: past midnight that is another.
  const day = 24 * 60 * MINUTE_US;
  await until(
    () => cursorUs(page),
    (us) => us % day === wanted % day,
  );
  await page.locator('[data-state="frame"]').first().waitFor();
});

test("the speed is chosen from a menu", async () => {
  await lookBack();
  await page.locator(".tlrow .btn", { hasText: "1×" }).tap();
  await page.locator('[role="menuitemradio"]', { hasText: "16×" }).tap();
  await page.locator(".tlrow .btn", { hasText: "16×" }).waitFor();
  await act("play").tap();
  // Between the speed before and this one.
  const { role, playbackRate, ratio } = await pace(page, 12);
  expect(role).toBe("sub");
  expect(playbackRate).toBeGreaterThan(12);
  expect(ratio).toBeGreaterThan(12);
});

test("back to live, on the cameras that were looked at", async () => {
  await lookBack();
  await act("live").tap();
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  expect(new URL(page.url()).pathname).toBe("/live");
});
