/**
 * Measures how long a person waits for a picture, for `make bench`: one tile,
 * its camera changed again and again by its number, as at a desk.
 *
 *   node first-picture.mjs '{"address","password","cameras"}'
 *
 * Writes JSON `{"first_ms","newest_ms"}`: from the Enter key to the first frame of
 * the new camera on screen, and to one that is less than a second old.
 */
import { launch } from "./chromium.mjs";

const { address, password, cameras } = JSON.parse(process.argv[2]);
const ROUNDS = 60;

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true });
const page = await context.newPage();
await page.goto(address);
await page.locator('input[name="name"]').fill("trucban");
await page.locator('input[name="password"]').fill(password);
await page.locator('button[type="submit"]').click();
await page.locator('[data-tile="1"][data-state="live"]').waitFor({ timeout: 60_000 });
await page.keyboard.press("Shift+Digit1");

// Notes when Enter was pressed, and when the tile next shows a frame of another camera.
await page.evaluate(() => {
  let pressed = null;
  let camera = document.querySelector('[data-tile="1"]').getAttribute("data-camera");
  window.waits = { first_ms: [], newest_ms: [] };
  addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter") pressed = performance.now();
    },
    true,
  );
  const look = () => {
    const tile = document.querySelector('[data-tile="1"]');
    const now = tile?.getAttribute("data-camera");
    const video = tile?.querySelector("video");
    const live = tile?.getAttribute("data-state") === "live" && tile.hasAttribute("data-wall-us");
    if (pressed !== null && now !== camera && live && video?.videoWidth > 0) {
      const waited = performance.now() - pressed;
      const { first_ms, newest_ms } = window.waits;
      if (first_ms.length === newest_ms.length) first_ms.push(waited);
      if (Date.now() - Number(tile.getAttribute("data-wall-us")) / 1000 < 1000) {
        newest_ms.push(waited);
        [camera, pressed] = [now, null];
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
for (let round = 1; round <= ROUNDS; round++) {
  const number = (round % cameras) + 1;
  for (const digit of String(number)) await page.keyboard.press(`Digit${digit}`);
  await page.keyboard.press("Enter");
  while ((await page.evaluate(() => window.waits.newest_ms.length)) < round)
    await page.evaluate(() => new Promise(requestAnimationFrame));
}
console.log(JSON.stringify(await page.evaluate(() => window.waits)));
await browser.close();
