/** Sound: heard only when somebody asks, one tile at a time, and never at the cost of a picture. */
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { atDesk, readTiles, stage, until } from "./harness";

const { mock, visit } = stage();
afterEach(() => mock.setWays());

/** What was sent on the media socket, as operations. */
function ops(page: Page): { op: string; role?: string; form?: string; channel?: number }[] {
  const sent: { op: string }[] = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => void sent.push(JSON.parse(payload.toString()))),
  );
  return sent;
}
const button = (page: Page, camera: string) => page.locator(`[data-camera="${camera}"] [data-act="sound"]`);

/** The loudest sample of what the elements of a tile play now; 0 for those that are muted. */
const loudness = (page: Page, camera: string) =>
  page.evaluate(async (camera) => {
    type Captured = HTMLMediaElement & { captureStream(): MediaStream };
    const tile = document.querySelector(`[data-camera="${camera}"]`)!;
    const element = [...tile.querySelectorAll<Captured>("video, audio")].find(
      (e) => !e.muted && !e.paused && e.captureStream().getAudioTracks().length > 0,
    );
    if (!element) return 0;
    const context = new AudioContext();
    const meter = context.createAnalyser();
    context.createMediaStreamSource(element.captureStream()).connect(meter);
    let loudest = 0;
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      const samples = new Float32Array(meter.fftSize);
      meter.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples.map(Math.abs));
    }
    await context.close();
    return loudest;
  }, camera);

const exact = (page: Page, camera: string) =>
  until(
    async () => (await readTiles(page)).find((t) => t.camera === camera)!,
    ({ state, wallUs, frame }) => state === "live" && frame === Math.round((wallUs % 10_000_000) / 40_000) % 250,
  );
/** Follows what a tile says of itself. */
const watchStates = (page: Page, camera: string) =>
  page.locator(`[data-camera="${camera}"]`).evaluateHandle((tile: HTMLElement) => {
    const seen: string[] = [];
    new MutationObserver(() => seen.push(tile.dataset.state ?? "")).observe(tile, {
      attributes: true,
      attributeFilter: ["data-state"],
    });
    return seen;
  });

test("the button is there only where sound may be heard, and nothing is asked for before it is pressed", async () => {
  const { page } = await visit();
  const sent = ops(page);
  await atDesk(page, mock.base, "/live", ["c113", "c131", "c132"], 4);
  for (const camera of ["c113", "c131", "c132"])
    await page.locator(`[data-camera="${camera}"][data-state="live"]`).waitFor();
  expect(await button(page, "c131").count()).toBe(1);
  expect([await button(page, "c113").count(), await button(page, "c132").count()]).toEqual([0, 0]);
  expect(sent.filter((op) => op.role === "sound")).toEqual([]);
  expect(await page.evaluate(() => [...document.querySelectorAll("video")].every((v) => v.muted))).toBe(true);
});

test("sound is heard beside pictures that stay exact, comes without a black moment, and goes at once", async () => {
  const { page, complaints } = await visit();
  const sent = ops(page);
  await atDesk(page, mock.base, "/live", ["c131"], 1);
  await page.locator('[data-camera="c131"][data-state="live"]').waitFor();
  const seen = await watchStates(page, "c131");
  await button(page, "c131").click();
  await until(
    () => loudness(page, "c131"),
    (loudest) => loudest > 0.02,
  );
  expect(sent.find((op) => op.role === "sound")).toMatchObject({ op: "live", form: "aac" });
  for (let i = 0; i < 5; i++) await exact(page, "c131");
  expect(await button(page, "c131").getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.press("Control+i");
  await page.locator(".diagrow", { hasText: "Tiếng" }).locator("dd", { hasText: "AAC" }).waitFor();

  await button(page, "c131").click();
  await until(
    () => page.evaluate(() => [...document.querySelectorAll("video")].every((v) => v.muted)),
    (muted) => muted,
  );
  await until(
    async () => sent.filter((op) => op.op === "stop").length,
    (stops) => stops > 0,
  );
  const shown = async () => Number(await page.locator('[data-camera="c131"]').getAttribute("data-wall-us"));
  const before = await shown();
  await until(shown, (us) => us > before + 2_000_000);
  await exact(page, "c131");
  expect((await seen.jsonValue()).filter((state) => !["live", "late"].includes(state))).toEqual([]);
  expect(complaints).toEqual([]);
});

test("one camera is heard at a time", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, "/live", ["c131", "c211"], 4);
  await page.locator('[data-camera="c131"][data-state="live"]').waitFor();
  await page.locator('[data-camera="c211"][data-state="live"]').waitFor();
  await button(page, "c131").click();
  await until(
    () => loudness(page, "c131"),
    (loudest) => loudest > 0.02,
  );
  // By its key, on the tile that is selected.
  await page.locator('[data-camera="c211"]').click({ position: { x: 100, y: 100 } });
  await page.keyboard.press("t");
  await until(
    () => loudness(page, "c211"),
    (loudest) => loudest > 0.02,
  );
  expect(await button(page, "c131").getAttribute("aria-pressed")).toBe("false");
  expect(await loudness(page, "c131")).toBe(0);
});

test("sound that stops coming does not stop the pictures", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, "/live", ["c131"], 1);
  await page.locator('[data-camera="c131"][data-state="live"]').waitFor();
  await button(page, "c131").click();
  await until(
    () => loudness(page, "c131"),
    (loudest) => loudest > 0.02,
  );
  await mock.setWays({ sound: "dry" });
  await page.locator(".toast", { hasText: "Camera không gửi tiếng." }).waitFor();
  expect(await button(page, "c131").getAttribute("aria-pressed")).toBe("false");
  const shown = async () => Number(await page.locator('[data-camera="c131"]').getAttribute("data-wall-us"));
  const before = await shown();
  await until(shown, (us) => us > before + 3_000_000);
  await exact(page, "c131");
});

test("pictures and sound go on together where the server's clock is set back", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, "/live", ["c131"], 1);
  await page.locator('[data-camera="c131"][data-state="live"]').waitFor();
  await button(page, "c131").click();
  const heard = () => loudness(page, "c131");
  await until(heard, (loudest) => loudest > 0.02);
  await mock.setWays({ back_s: 600 });
  await until(
    async () => (await readTiles(page))[0]!.wallUs,
    (us) => us < Date.now() * 1_000 - 500e6,
  );
  await exact(page, "c131");
  await until(heard, (loudest) => loudest > 0.02);
});

test("sound that is refused is told, and costs no picture", async () => {
  await mock.setWays({ convert: "busy" });
  const { page } = await visit();
  // Its sound is G.711, which no browser plays by MSE.
  await atDesk(page, mock.base, "/live", ["c211"], 4);
  await page.locator('[data-camera="c211"][data-state="live"]').waitFor();
  const seen = await watchStates(page, "c211");
  await button(page, "c211").click();
  await page.locator(".toast", { hasText: "chuyển mã hết công suất" }).waitFor();
  expect(await button(page, "c211").getAttribute("aria-pressed")).toBe("false");
  await exact(page, "c211");
  expect((await seen.jsonValue()).filter((state) => !["live", "late"].includes(state))).toEqual([]);
});

test("the past is heard at the speed of time, and silent at any other", async () => {
  const at = (Date.now() - 45 * 60_000) * 1000;
  const { page, complaints } = await visit();
  await atDesk(page, mock.base, `/playback?at=${at}`, ["c131", "c113"], 4);
  await page.locator('[data-camera="c131"][data-state="frame"]').waitFor();
  expect(await button(page, "c113").count()).toBe(0);
  await button(page, "c131").click();
  await page.keyboard.press(" ");
  await until(
    () => loudness(page, "c131"),
    (loudest) => loudest > 0.02,
  );
  await page.keyboard.press("Control+ArrowRight");
  const silent = () => page.evaluate(() => document.querySelector("audio")!.paused);
  await until(silent, (paused) => paused);
  await page.keyboard.press("Control+ArrowLeft");
  await until(
    () => loudness(page, "c131"),
    (loudest) => loudest > 0.02,
  );
  await page.keyboard.press(" ");
  await until(silent, (paused) => paused);
  await until(
    () => readTiles(page),
    (tiles) => tiles.every((t) => t.frame === Math.floor((t.wallUs % 10_000_000) / 40_000)),
  );
  expect(complaints).toEqual([]);
});
