import type { Page } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { atDesk, cursorUs, pace, readTiles, stage, until, type Visit } from "./harness";

const FRAME_US = 40_000;
const { mock, visit } = stage();
let it: Visit;
let page: Page;

/** Forty-five minutes ago, where every camera of these tests has footage; off the grid of frames. */
const somewhere = () => Math.floor((Date.now() - 45 * 60_000) / 10_000) * 10_000_000 + 3_333_333;

beforeEach(async () => {
  it = await visit();
  page = it.page;
});

/**
 * Waits until every tile shows the last frame by the cursor, by what it claims
 * and by what its picture says. The clip is ten seconds long and begins on a
 * whole ten seconds, so a time is a number of a picture.
 */
async function exact() {
  const look = async () => ({ cursor: await cursorUs(page), tiles: await readTiles(page) });
  return await until(
    look,
    ({ cursor, tiles }) =>
      tiles.length > 0 &&
      tiles.every(
        ({ state, wallUs, frame }) =>
          state === "gap" ||
          (state === "frame" &&
            wallUs <= cursor &&
            cursor - wallUs < FRAME_US &&
            frame === Math.floor((cursor % 10_000_000) / FRAME_US)),
      ),
  );
}

test("the picture at any moment is the last frame by then, in every tile", async () => {
  const start = somewhere();
  await atDesk(page, mock.base, `/playback?at=${start}`, ["c112", "c113", "c131", "c201"]);
  expect((await exact()).tiles.length).toBe(4);
  const field = page.locator('input[name="goto"]');
  // Near, far, before, after, across segments, and into a gap of one camera.
  for (const minutes of [0.02, 0.5, -0.4, 9.1, -30, 6.5, 20]) {
    const text = new Date((start + minutes * 60e6) / 1000 + 7 * 3600e3).toISOString();
    await field.click();
    await field.fill(`${text.slice(8, 10)}/${text.slice(5, 7)}/${text.slice(0, 4)} ${text.slice(11, 23)}`);
    await field.press("Enter");
    const wanted = Math.floor((start + minutes * 60e6) / 1000) * 1000;
    await until(
      () => cursorUs(page),
      (cursor) => Math.abs(cursor - wanted) <= 1000,
    );
    await exact();
  }
  expect(it.complaints).toEqual([]);
});

test("steps by the frame, both ways, over the edges of fragments and segments", async () => {
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113", "c131"]);
  let { cursor } = await exact();
  for (const [key, by] of [
    ["ArrowRight", 1],
    ["ArrowLeft", -1],
  ] as const) {
    for (let i = 0; i < 30; i++) {
      const before = cursor;
      await page.keyboard.press(key);
      ({ cursor } = await until(exact, (seen) => seen.cursor !== before));
      const grid = (us: number) => Math.floor(us / FRAME_US);
      expect(grid(cursor)).toBe(grid(before) + by);
    }
  }
});

test("plays in step, and stops on the picture that was seen", async () => {
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113", "c131"]);
  const { cursor } = await exact();
  await page.keyboard.press(" ");
  await until(
    () => cursorUs(page),
    (now) => now > cursor + 3_000_000,
  );
  await page.keyboard.press(" ");
  const stopped = await exact();
  expect(stopped.tiles[0]!.wallUs).toBe(stopped.cursor);
});

test("goes eight times as fast as time, on the small stream", async () => {
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113"], 1);
  await exact();
  for (let i = 0; i < 3; i++) await page.keyboard.press("Control+ArrowRight");
  await page.keyboard.press(" ");
  // Between the speed before and this one.
  const { role, playbackRate, ratio } = await pace(page, 6);
  expect(role).toBe("sub");
  expect(playbackRate).toBeGreaterThan(6);
  expect(ratio).toBeGreaterThan(6);
});

test("says why there is no picture, and goes on where there is one", async () => {
  // Camera 112 was away for three minutes, forty minutes before the server started.
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c112"], 1);
  await exact();
  const gap = page.locator(".trk .s-miss").last();
  await gap.waitFor();
  const box = (await gap.boundingBox())!;
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.locator('[data-state="gap"]').waitFor();
  expect(await page.locator(".state b").textContent()).toMatch(/^Không ghi được từ .* đến /);
  await page.keyboard.press(" ");
  await page.locator('[data-state="frame"]').waitFor();
  await page.keyboard.press(" ");
  await exact();
});

test("asks why before anybody looks back", async () => {
  await atDesk(page, mock.base, "/live", ["c113"], 1);
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(`${mock.base}/playback`);
  await page.locator('[role="dialog"]').waitFor();
  expect(await page.locator("video").count()).toBe(0);
  await page.locator('[role="dialog"] button', { hasText: "trực ban" }).click();
  await page.locator('[role="dialog"] button[type="submit"]').click();
  await page.locator('[data-state="frame"]').waitFor();
  expect(await page.locator(".purpose").textContent()).toContain("trực ban");
});

test("in full screen there are the pictures and their timeline, and what is asked is seen", async () => {
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113"], 1);
  await exact();
  await page.keyboard.press("f");
  await page.locator(".rail").waitFor({ state: "hidden" });
  expect(await page.locator(".top").isVisible()).toBe(false);
  expect(await page.locator("[data-cursor-us]").isVisible()).toBe(true);
  await page.keyboard.press("e");
  await page.locator(".toast").waitFor();
  await page.keyboard.press("[");
  await page.keyboard.press("e");
  await page.locator('[data-act="export"]').waitFor();
  await page.keyboard.press("f");
  await page.locator(".rail").waitFor();
});

test("a selection is taken out with its purpose, and can be held", async () => {
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113"], 1);
  await exact();
  await page.keyboard.press("[");
  await page.keyboard.press("e");
  const asked = page.waitForRequest((request) => request.url().endsWith("/exports"));
  const download = page.waitForEvent("download");
  await page.locator('[data-act="export"]').click();
  const wish = (await asked).postDataJSON();
  expect(wish).toMatchObject({ camera: "c113", role: "main", purpose: "kiểm tra" });
  expect(wish.to_us - wish.from_us).toBe(30_000_000);
  expect((await download).suggestedFilename()).toMatch(/\.mp4$/);
  await page.locator('[data-act="hold"]').click();
  await page.locator('a[href="/holds"]').click();
  await page.locator("tbody tr", { hasText: "113" }).waitFor();
});
