/** Looking closer at a tile: into its picture, at a kept picture of it, and at what was there a moment ago. */
import { readFileSync } from "node:fs";
import type { Download, Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { atDesk, fingers, readTiles, stage, until } from "./harness";

const { mock, visit } = stage();
afterEach(() => mock.setWays());

const FRAME_US = 40_000;
const first = (page: Page) => page.locator('[data-tile="1"]');
async function live(tiles = ["c113"], size = 4) {
  const it = await visit();
  await atDesk(it.page, mock.base, "/live", tiles, size);
  await it.page.locator('[data-tile="1"][data-state="live"]').waitFor();
  return it;
}
const zoomOf = async (page: Page) => Number((await first(page).locator(".zoomable").getAttribute("data-zoom")) ?? 1);
/** Where the picture's corner and its width stand, in parts of the tile. */
const placed = (page: Page) =>
  first(page).evaluate((tile) => {
    const [box, picture] = [tile.getBoundingClientRect(), tile.querySelector(".zoomin")!.getBoundingClientRect()];
    const part = (at: number, from: number, size: number) => Math.round(((at - from) / size) * 1000) / 1000;
    return {
      x: part(picture.left, box.left, box.width),
      y: part(picture.top, box.top, box.height),
      scale: Math.round((picture.width / box.width) * 1000) / 1000,
    };
  });

test("the wheel zooms at the cursor and asks for the main stream, a drag moves the picture and not the tile, Esc ends it", async () => {
  const { page, complaints } = await live(["c113", "c131"]);
  await page.locator('[data-tile="1"][data-role="sub"]').waitFor();
  const box = (await first(page).boundingBox())!;
  const at = { x: box.x + box.width * 0.75, y: box.y + box.height * 0.5 };
  await page.mouse.move(at.x, at.y);
  for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -150);
  const { x, scale } = await until(
    () => placed(page),
    ({ scale }) => scale > 2.5,
  );
  // What lay under the cursor lies there still.
  expect((0.75 - x) / scale).toBeCloseTo(0.75, 2);
  await page.locator('[data-tile="1"][data-role="main"][data-state="live"]').waitFor();
  await page.locator(".overview").waitFor();

  await page.mouse.down();
  await page.mouse.move(at.x - box.width * 0.2, at.y - box.height * 0.1, { steps: 5 });
  await page.mouse.up();
  const moved = await placed(page);
  expect(moved.x).toBeCloseTo(x - 0.2, 2);
  expect([await first(page).getAttribute("data-camera"), moved.scale]).toEqual(["c113", scale]);

  await page.keyboard.press("Escape");
  expect(await placed(page)).toEqual({ x: 0, y: 0, scale: 1 });
  await page.locator('[data-tile="1"][data-role="sub"][data-state="live"]').waitFor();
  expect(await page.locator(".overview").count()).toBe(0);
  expect(complaints).toEqual([]);
});

test("in zoom mode a box is drawn and the keys work, and a double click gives the whole picture back", async () => {
  const { page } = await live(["c113", "c131"]);
  await first(page).click({ position: { x: 60, y: 120 } });
  await page.keyboard.press("z");
  await page.locator(".zoomwords").waitFor();
  const box = (await first(page).boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.75, { steps: 5 });
  await page.locator(".zoombox").waitFor();
  await page.mouse.up();
  expect(await placed(page)).toEqual({ x: -2, y: -2, scale: 4 });
  // The arrows move the picture, and not the selection.
  await page.keyboard.press("ArrowLeft");
  expect(await placed(page)).toMatchObject({ x: -1.85, y: -2 });
  expect(await page.locator(".tile.sel").getAttribute("data-camera")).toBe("c113");
  await page.keyboard.press("-");
  await until(
    () => zoomOf(page),
    (zoom) => zoom < 3 && zoom > 2,
  );
  await page.keyboard.press("+");
  await until(
    () => zoomOf(page),
    (zoom) => zoom > 3.9,
  );
  await first(page)
    .locator(".zoomable")
    .dblclick({ position: { x: 300, y: 200 } });
  expect(await placed(page)).toEqual({ x: 0, y: 0, scale: 1 });
  // It gave the picture back, and did not blow up the tile.
  expect(await page.locator("[data-tile]").count()).toBe(4);
  expect(await page.locator(".zoomwords").count()).toBe(0);
});

test("two fingers zoom on a phone, one moves what is zoomed, and the small picture leads back", async () => {
  const { page, complaints } = await visit({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await atDesk(page, mock.base, "/live", ["c113"], 4);
  await page.locator('[data-tile="1"][data-state="live"]').waitFor();
  const { x, y, width, height } = (await first(page).boundingBox())!;
  const [row, middle] = [y + height / 2, x + width / 2];
  await fingers(page, [
    [
      [middle - 30, row],
      [middle - 90, row],
    ],
    [
      [middle + 30, row],
      [middle + 90, row],
    ],
  ]);
  const zoomed = await until(
    () => placed(page),
    ({ scale }) => scale > 2.5,
  );
  await fingers(page, [
    [
      [middle, row],
      [middle - 60, row],
    ],
  ]);
  await until(
    () => placed(page),
    (now) => now.x < zoomed.x - 0.1,
  );
  const overview = page.locator(".overview");
  const size = (await overview.boundingBox())!;
  expect(Math.min(size.width, size.height)).toBeGreaterThanOrEqual(44);
  // The browser takes a tap in the wake of a moving finger for its end, and nothing more: a person taps again.
  await until(
    async () => {
      await overview.tap({ timeout: 1_000 }).catch(() => undefined);
      return await placed(page);
    },
    ({ scale }) => scale === 1,
  );
  expect(complaints).toEqual([]);
});

test("the past is looked into as well, on the frame that stands", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, `/playback?at=${(Date.now() - 45 * 60_000) * 1000}`, ["c113"], 4);
  await page.locator('[data-tile="1"][data-state="frame"][data-role="sub"][data-wall-us]').waitFor();
  const before = await first(page).getAttribute("data-wall-us");
  const box = (await first(page).boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -150);
  await page.locator('[data-tile="1"][data-state="frame"][data-role="main"]').waitFor();
  await until(
    async () => (await readTiles(page))[0]!,
    (tile) => String(tile.wallUs) === before && tile.frame === Math.floor((tile.wallUs % 10_000_000) / FRAME_US),
  );
});

/** Reads a kept picture: its size, and the number in the squares of the picture above its strip. */
async function read(page: Page, download: Download, pictureHeight: number) {
  const name = download.suggestedFilename();
  const bytes = readFileSync((await download.path())!);
  const reader = await page.context().newPage();
  const seen = await reader.evaluate(
    async ([url, pictureHeight]) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      const pen = canvas.getContext("2d")!;
      pen.drawImage(image, 0, 0);
      const side = Math.round(canvas.width / 20);
      let frame = 0;
      for (let bit = 0; bit < 10; bit++) {
        const x = Math.round((canvas.width / 12) * (bit + 1)) + side / 2;
        if (pen.getImageData(x, pictureHeight - side / 2, 1, 1).data[0]! > 128) frame |= 1 << bit;
      }
      const strip = pen.getImageData(0, pictureHeight, canvas.width, canvas.height - pictureHeight).data;
      const bright = strip.filter((value, i) => i % 4 === 0 && value > 160).length;
      return { width: image.width, height: image.height, frame, bright };
    },
    [`data:image/png;base64,${bytes.toString("base64")}`, pictureHeight] as const,
  );
  await reader.close();
  const [, day, hour, millis] = /-(\d{8})-(\d{6})-(\d{3})\.png$/.exec(name) ?? [];
  const iso = `${day?.slice(0, 4)}-${day?.slice(4, 6)}-${day?.slice(6)}T${hour?.slice(0, 2)}:${hour?.slice(2, 4)}:${hour?.slice(4)}.${millis}+07:00`;
  return { name, bytes, ms: Date.parse(iso), ...seen };
}

test("a picture is kept whole, with its camera and its very moment in its name and in a strip below", async () => {
  const { page, complaints } = await live(["c113"], 1);
  await page.locator('[data-tile="1"][data-role="main"][data-state="live"]').waitFor();
  const download = page.waitForEvent("download");
  await page.keyboard.press("p");
  const kept = await read(page, await download, 360);
  expect(kept.name).toMatch(/^113-huong-dinh-tien-hoang-\d{8}-\d{6}-\d{3}\.png$/);
  expect(kept.bytes.subarray(1, 4).toString()).toBe("PNG");
  expect(kept.width).toBe(640);
  expect(kept.height).toBeGreaterThan(360);
  // The number in the picture is that of the moment in the name.
  expect(kept.frame).toBe(Math.floor((kept.ms % 10_000) / 40));
  expect(kept.bright).toBeGreaterThan(100);
  await page.locator(".toast", { hasText: kept.name }).waitFor();
  expect(complaints).toEqual([]);
});

test("a picture of the past is kept to the frame, by whoever may take footage out", async () => {
  const { page } = await visit();
  const at = (Date.now() - 45 * 60_000) * 1000;
  await atDesk(page, mock.base, `/playback?at=${at}`, ["c113", "c114"], 4);
  await page.locator('[data-tile="1"][data-state="frame"][data-wall-us]').waitFor();
  await page.locator('[data-tile="2"][data-state="frame"]').waitFor();
  expect(await page.locator('[data-tile="2"] [data-act="snapshot"]').count()).toBe(0);
  const shown = Number(await first(page).getAttribute("data-wall-us"));
  const download = page.waitForEvent("download");
  await page.locator('[data-tile="1"] [data-act="snapshot"]').click();
  const kept = await read(page, await download, 180);
  expect(kept.ms).toBe(Math.floor(shown / 1000));
  expect(kept.frame).toBe(Math.floor((kept.ms % 10_000) / 40));
});

test("a picture of the past that runs sixteen times as fast belongs to the moment in its name", async () => {
  const { page } = await visit();
  const at = (Date.now() - 45 * 60_000) * 1000;
  await atDesk(page, mock.base, `/playback?at=${at}`, ["c113"], 4);
  await page.locator('[data-tile="1"][data-state="frame"][data-wall-us]').waitFor();
  for (const key of [" ", ...Array(4).fill("Control+ArrowRight")]) await page.keyboard.press(key);
  const wallUs = async () => Number(await first(page).getAttribute("data-wall-us"));
  const begun = await wallUs();
  await until(wallUs, (us) => us > begun + 4e6);
  for (let i = 0; i < 3; i++) {
    const download = page.waitForEvent("download");
    await page.locator('[data-tile="1"] [data-act="snapshot"]').click();
    const kept = await read(page, await download, 180);
    expect(kept.frame).toBe(Math.floor((kept.ms % 10_000) / 40));
  }
});

test("the last fifteen seconds play in the tile, and L gives it back to live at once", async () => {
  const { page, complaints } = await live(["c113", "c131"]);
  await first(page).click({ position: { x: 60, y: 120 } });
  await page.keyboard.press("r");
  await page.locator('[data-tile="1"][data-state="replay"]').waitFor();
  const behind = async () => Date.now() - Number(await first(page).getAttribute("data-wall-us")) / 1000;
  const late = await until(behind, (ms) => ms > 11_000);
  expect(late).toBeLessThan(25_000);
  // The other tile stays live, and this one plays.
  expect(await page.locator('[data-tile="2"]').getAttribute("data-state")).toBe("live");
  const shown = async () => Number(await first(page).getAttribute("data-wall-us"));
  const before = await shown();
  await until(shown, (us) => us > before + 1_000_000);
  await page.locator('[data-tile="1"] [data-act="to-live"]').waitFor();
  await page.keyboard.press("l");
  await page.locator('[data-tile="1"][data-state="live"]').waitFor();
  await until(behind, (ms) => ms < 5_000);
  expect(new URL(page.url()).pathname).toBe("/live");
  expect(complaints).toEqual([]);
});

test("a tile that looks back comes to live by itself once it has caught up, and skips nothing", {
  timeout: 120_000,
}, async () => {
  const { page } = await live(["c113"], 4);
  const seen = await first(page).evaluateHandle((tile: HTMLElement) => {
    const seen: { us: number; state: string }[] = [];
    const note = () => seen.push({ us: Number(tile.dataset.wallUs), state: tile.dataset.state ?? "" });
    new MutationObserver(note).observe(tile, { attributes: true, attributeFilter: ["data-wall-us", "data-state"] });
    return seen;
  });
  await page.locator('[data-tile="1"] [data-act="replay"]').click();
  await page.locator('[data-tile="1"][data-state="replay"]').waitFor();
  await page.locator('[data-tile="1"][data-state="live"]').waitFor({ timeout: 90_000 });
  const replayed = (await seen.jsonValue()).filter((one) => one.state === "replay").map((one) => one.us);
  const played = replayed.slice(replayed.indexOf(Math.min(...replayed)));
  expect(played.at(-1)! - played[0]!).toBeGreaterThan(15_000_000);
  const steps = played.slice(1).map((us, i) => us - played[i]!);
  expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...steps)).toBeLessThan(3_000_000);
});

test("whoever looks back says why first", async () => {
  const { page } = await live(["c113"], 4);
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.locator('[data-tile="1"][data-state="live"]').waitFor();
  await page.locator('[data-tile="1"] [data-act="replay"]').click();
  await page.locator('[role="dialog"] button', { hasText: "trực ban" }).click();
  expect(await first(page).getAttribute("data-state")).toBe("live");
  const asked = page.waitForRequest((request) => request.url().endsWith("/media-tokens"));
  await page.locator('[role="dialog"] button[type="submit"]').click();
  expect((await asked).postDataJSON()).toMatchObject({ camera: "c113", actions: ["playback"], purpose: "trực ban" });
  await page.locator('[data-tile="1"][data-state="replay"]').waitFor();
});
