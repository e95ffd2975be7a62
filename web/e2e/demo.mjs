/**
 * A first look at the demo, in a real browser over plain HTTP on this machine.
 * Started by e2e/tests/demo.rs:
 *
 *   node demo.mjs '{"address","name","password","choose","add","cameras"}'
 *
 * Signs in, chooses a password if one is given, adds a camera if one is given,
 * and waits until so many cameras are recorded and, for whoever may see it, the
 * wall shows them. What is found then is told as JSON on standard output.
 */
import assert from "node:assert/strict";
import { launch } from "./chromium.mjs";

const { address, name, password, choose, add, cameras: wanted } = JSON.parse(process.argv[2]);
const PATIENCE = 180_000;

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
context.setDefaultTimeout(PATIENCE);
const page = await context.newPage();
const wrong = [];
page.on("pageerror", (error) => wrong.push(error.stack ?? String(error)));

await page.goto(address);
await page.locator('input[name="name"]').fill(name);
await page.locator('input[name="password"]').fill(password);
await page.locator('button[type="submit"]').click();
if (choose) {
  await page.locator('input[name="new"]').fill(choose);
  await page.locator('input[name="again"]').fill(choose);
  await page.locator('button[type="submit"]').click();
}
await page.locator(".rail").waitFor();

if (add) {
  await page.locator('[data-act="add"]').click();
  for (const [field, text] of Object.entries(add)) await page.locator(`input[name="${field}"]`).fill(text);
  await page.locator('[data-act="probe"]').click();
  await page.locator(".okn", { hasText: "H.264" }).waitFor();
  await page.locator('input[name="purpose-traffic"]').check();
  const site = page.locator('input[name="site"]');
  await site.fill("cho mo");
  await site.press("Enter");
  await page.locator('[data-act="save"]').click();
  await page.locator("tbody tr", { hasText: add.name }).waitFor();
}

/** Asks the API as the page does, with the cookie that only the browser has. */
const ask = (path) => page.evaluate(async (path) => (await fetch(`/api/v1/${path}`)).json(), path);

const end = Date.now() + PATIENCE;
let status;
do {
  status = await ask("status");
  assert(Date.now() < end, `not all cameras record: ${JSON.stringify(status)}`);
  await page.evaluate(() => new Promise(requestAnimationFrame));
} while (status.cameras.recording < wanted);

const { cameras } = await ask("tree");
const watched = cameras.filter((camera) => camera.may.live && camera.may.playback);
const live = page.locator('[data-tile][data-state="live"]');
if (watched.length > 0) await live.nth(8).waitFor();

const span = `from_us=0&to_us=${Date.now() * 1000}`;
const began = [];
for (const { id, number } of watched) {
  let runs;
  do {
    ({ runs } = await ask(`cameras/${id}/timeline?role=main&${span}`));
    assert(Date.now() < end, `nothing is recorded of camera ${number}`);
  } while (runs.length === 0);
  began.push([number, runs[0].from_us]);
}
assert.deepEqual(wrong, []);
console.log(JSON.stringify({ status, tiles: await live.count(), began }));
await browser.close();
