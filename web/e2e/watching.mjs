/**
 * Watches cameras in the built program's own client, for `make bench` and for
 * e2e/tests/watching.rs:
 *
 *   node watching.mjs '{"address","password","side","tiles","way","every","seconds" or "frames"}'
 *
 * Signs in, cuts the grid into `side` × `side`, and prefers `way`. Says `ready`
 * once so many tiles are live; then waits for a line, watches for so many
 * seconds, or until that many frames of each tile were looked at, and tells what
 * each tile showed, as JSON:
 *
 *   [{"camera","role","way","frames","dropped","shown":[[number, at_ms], …]}, …]
 *
 * `number` is burnt into the picture; `at_ms` is when it was to be on screen
 * (milliseconds since 1970). Every `every`-th frame is looked at so.
 */
import { createInterface } from "node:readline";
import { launch } from "./chromium.mjs";

const { address, password, side, tiles, way, every, seconds, frames } = JSON.parse(process.argv[2]);

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ignoreHTTPSErrors: true });
const page = await context.newPage();
await page.addInitScript((way) => localStorage.setItem("khue.way", way), way);
await page.goto(address);
await page.locator('input[name="name"]').fill("trucban");
await page.locator('input[name="password"]').fill(password);
await page.locator('button[type="submit"]').click();
// The page fills its grid with what there is to see, once it knows that.
await page.locator('[data-tile="1"][data-state="live"]').waitFor();
// The grid first, then what a person drags into it: here by number.
await page.keyboard.press(`Shift+Digit${side}`);
for (let tile = 1; tile <= tiles; tile++) {
  for (const digit of String(tile)) await page.keyboard.press(`Digit${digit}`);
  await page.keyboard.press("Enter");
  if (tile < tiles) await page.keyboard.press(tile % side === 0 ? "ArrowDown" : "ArrowRight");
  if (tile < tiles && tile % side === 0) for (let i = 1; i < side; i++) await page.keyboard.press("ArrowLeft");
}
await page.waitForFunction(
  (tiles) => document.querySelectorAll('[data-tile][data-state="live"]').length >= tiles,
  tiles,
  { timeout: 120_000 },
);
console.log("ready");
await new Promise((go) => createInterface(process.stdin).once("line", go));

await page.evaluate((every) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [12, 2];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  /** The burnt-in number: columns 1 to 12 of rows 42 and 43 of 80 × 45. */
  const numberOf = (video) => {
    const [w, h] = [video.videoWidth / 80, video.videoHeight / 45];
    pen.drawImage(video, w, 42 * h, 12 * w, 2 * h, 0, 0, 12, 2);
    const { data } = pen.getImageData(0, 0, 12, 2);
    const bits = Array.from({ length: 24 }, (_, i) => (data[4 * i + 1] > 128 ? 1 : 0));
    const legible = bits[0] === 1 && bits[1] === 0 && bits[22] === 0 && bits[23] === 1;
    return legible ? bits.slice(2, 22).reduce((n, bit) => n * 2 + bit, 0) >> 10 : null;
  };
  window.tiles = [...document.querySelectorAll('[data-tile][data-state="live"]')].map((root) => {
    const video = root.querySelector("video.pic:not(.behind)");
    const { camera, role, way } = root.dataset;
    const tile = { camera, role, way, frames: 0, dropped: 0, shown: [] };
    const dropped = () => video.getVideoPlaybackQuality().droppedVideoFrames;
    const before = dropped();
    let first = null;
    const look = (now, { presentedFrames, expectedDisplayTime }) => {
      first ??= presentedFrames;
      tile.frames = presentedFrames - first;
      tile.dropped = dropped() - before;
      if (tile.frames % every === 0) {
        const number = numberOf(video);
        if (number !== null) tile.shown.push([number, performance.timeOrigin + Math.max(now, expectedDisplayTime)]);
      }
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    return tile;
  });
}, every);
if (frames) {
  const all = (frames) => window.tiles.every((tile) => tile.shown.length >= frames);
  await page.waitForFunction(all, frames, { timeout: 120_000 });
} else await page.evaluate((ms) => new Promise((done) => setTimeout(done, ms)), seconds * 1000);
console.log(JSON.stringify(await page.evaluate(() => window.tiles)));
await browser.close();
