/**
 * An operator's first quarter of an hour, in a real browser against the built
 * program. Started by e2e/tests/browser.rs, which holds what is seen here
 * against what the cameras sent:
 *
 *   node story.mjs '{"address","password","folder"}'
 *
 * Each finding is a line of JSON on standard output; the first thing that is
 * not as it should be ends the story with words on standard error.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { launch } from "./chromium.mjs";

const { address, password, folder } = JSON.parse(process.argv[2]);
const PATIENCE = 180_000;
const tell = (finding) => console.log(JSON.stringify(finding));

const browser = await launch();
const context = await browser.newContext({
  viewport: { width: 1440, height: 900 },
  ignoreHTTPSErrors: true,
  acceptDownloads: true,
});
context.setDefaultTimeout(PATIENCE);
const page = await context.newPage();
const wrong = [];
page.on("pageerror", (error) => wrong.push(error.stack ?? String(error)));
page.on("console", (message) => {
  // Before the sign-in the client asks who it is, and is told: nobody.
  if (message.type() === "error" && !message.text().includes("401")) {
    console.error(message.text());
    wrong.push(message.text());
  }
});

/** What is on a tile's screen: the frame's wall time, and what is burnt into it. */
const look = (tile) =>
  page.evaluate((tile) => {
    const root = document.querySelector(`[data-tile="${tile}"]`);
    const shown = root?.matches("[data-wall-us]") ? root : root?.querySelector("[data-wall-us]");
    const videos = [...(root?.querySelectorAll("video") ?? [])].filter((one) => one.videoWidth > 0);
    const video = videos.find((one) => getComputedStyle(one).visibility !== "hidden") ?? videos[0];
    if (!shown || !video) return null;
    const before = shown.getAttribute("data-wall-us");
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(video, 0, 0);
    // The cells of the burnt-in number: columns 1 to 12 of rows 42 and 43 of 80 × 45.
    const cell = (column, row) => {
      const at = (of, n, size) => Math.floor(((n + 0.5) / of) * size);
      const [r, g, b] = pen.getImageData(at(80, column, canvas.width), at(45, row, canvas.height), 1, 1).data;
      return 0.299 * r + 0.587 * g + 0.114 * b > 128 ? 1 : 0;
    };
    const cells = [];
    for (const row of [42, 43]) for (let column = 1; column <= 12; column++) cells.push(cell(column, row));
    const word = cells.slice(2, 22).reduce((number, bit) => number * 2 + bit, 0);
    // The markers say whether anything legible is there at all.
    const legible = cells[0] === 1 && cells[1] === 0 && cells[22] === 0 && cells[23] === 1;
    const { width, height } = canvas;
    const probe = pen.getImageData(0, 0, width, height).data;
    let sum = 0;
    for (let i = 0; i < probe.length; i += 4 * 97) sum = (sum * 31 + probe[i]) % 1_000_000_007;
    return {
      camera: root.getAttribute("data-camera"),
      state: root.getAttribute("data-state"),
      role: root.getAttribute("data-role"),
      wall_us: Number(before),
      frame: legible ? word >> 10 : null,
      scene: legible ? (word >> 5) & 31 : null,
      pixels: sum,
      width,
    };
  }, tile);

/** The delay that a tile tells, and that of the frame on it: browser and program share one clock here. */
const delay = (tile) =>
  page.evaluate((tile) => {
    const root = document.querySelector(`[data-tile="${tile}"]`);
    const told = /(\d+),(\d) giây/.exec(root?.querySelector(".bar .st")?.textContent ?? "");
    if (!told) return null;
    const real_s = Date.now() / 1e3 - Number(root.getAttribute("data-wall-us")) / 1e6;
    return { told_s: Number(`${told[1]}.${told[2]}`), real_s };
  }, tile);

/** Asks again with each frame the browser draws until `good` takes the answer. */
async function until(ask, good, what) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    assert(Date.now() < end, `${what}: ${JSON.stringify(answer)}`);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

// Sign in with the one-time password, and choose one.
await page.goto(address);
await page.locator('input[name="name"]').fill("trucban");
await page.locator('input[name="password"]').fill("sai mật khẩu");
await page.locator('button[type="submit"]').click();
await page.locator(".warnn").waitFor();
await page.locator('input[name="password"]').fill(password);
await page.locator('button[type="submit"]').click();
await page.locator('input[name="new"]').fill("mưa rào Hà Nội 1954");
await page.locator('input[name="again"]').fill("mưa rào Hà Nội 1954");
await page.locator('button[type="submit"]').click();
await page.locator(".rail").waitFor();

// Four tiles, live, whose pixels change.
await page.keyboard.press("Shift+Digit2");
for (const tile of [1, 2, 3, 4]) {
  const is = (one) => one?.state === "live" && one.frame !== null;
  const first = await until(() => look(tile), is, `tile ${tile} is not live`);
  const next = await until(
    () => look(tile),
    (one) => is(one) && one.wall_us > first.wall_us && one.pixels !== first.pixels,
    `tile ${tile} stands still`,
  );
  assert.equal(next.role, "sub", "a small tile shows the sub-stream");
  const { told_s, real_s } = await until(
    () => delay(tile),
    (one) => one !== null && Math.abs(one.told_s - one.real_s) < 1,
    `tile ${tile} tells another delay than its picture has`,
  );
  tell({ what: "live", tile, told_s, real_s, ...next });
}

// Full view: the main stream.
await page.locator('[data-tile="2"]').dblclick({ position: { x: 200, y: 150 } });
const isFull = (one) => one?.role === "main" && one.state === "live" && one.width === 1920;
const large = await until(() => look(2), isFull, "no full view");
// The first look may still tell the time of the small picture that stood here before.
const full = await until(
  () => look(2),
  (one) => isFull(one) && one.frame !== null && one.wall_us > large.wall_us + 500_000,
  "the full view stands still",
);
tell({ what: "full", ...full });
await page.keyboard.press("Escape");

// Looking back asks for a purpose.
await page.locator(".purpose").first().click();
await page.locator('form.purposes input[name="purpose"]').fill("xác minh vụ VV-2026-00418");
await page.locator('[form][type="submit"]').click();

/** Goes to a moment, one tile at full size, and tells what is shown. */
async function seek(us, what) {
  await page.goto(`${address}/playback?at=${us}`);
  await page.locator('[data-tile="1"]').waitFor();
  await page.keyboard.press("Shift+Digit1");
  await until(
    () => look(1),
    (one) => one?.role === "main" && one.width === 1920 && one.frame !== null,
    `${what}: no picture`,
  );
  const still = await until(
    async () => [await look(1), await look(1)],
    ([one, two]) => one !== null && one.wall_us === two?.wall_us && one.wall_us <= us && us - one.wall_us < 60_000,
    `${what}: the frame of ${us} is not shown`,
  );
  tell({ what, asked_us: us, ...still[0] });
}

const session = await page.evaluate(async () => (await fetch("/api/v1/session")).json());
const skew_us = session.server_time_us - Date.now() * 1000;
const now_us = () => Math.round(Date.now() * 1000 + skew_us);

/** Waits until the first camera's recording is so long. */
async function recordedFor(us) {
  const camera = full.camera;
  await until(
    () =>
      page.evaluate(
        async (camera) =>
          (await fetch(`/api/v1/cameras/${camera}/timeline?role=main&from_us=0&to_us=9000000000000000`)).json(),
        camera,
      ),
    (one) => one.first_us !== null && now_us() - one.first_us > us && one.runs.length > 0,
    `${us} µs are never recorded`,
  );
}

await recordedFor(45_000_000);
await seek(now_us() - 20_000_000, "20 s back");

// One frame on, one frame back.
const here = await look(1);
await page.keyboard.press("ArrowRight");
const on = await until(
  () => look(1),
  (one) => one !== null && one.wall_us > here.wall_us,
  "a step on shows no later frame",
);
tell({ what: "a frame on", from_us: here.wall_us, ...on });
await page.keyboard.press("ArrowLeft");
await until(
  () => look(1),
  (one) => one?.wall_us === here.wall_us && one.frame === here.frame,
  "a step back does not come back",
);

// Two minutes back, as soon as there are two minutes.
await recordedFor(130_000_000);
const back_us = now_us() - 120_000_000;
await seek(back_us, "2 min back");

// Ten seconds taken out.
await page.keyboard.press("[");
const from = await page.locator("[data-cursor-us]").getAttribute("data-cursor-us");
await page.locator("input[name=goto], .goto input").first().waitFor();
const exported = await page.evaluate(
  async ({ camera, from }) => {
    const { csrf } = await (await fetch("/api/v1/session")).json();
    const answer = await fetch("/api/v1/exports", {
      method: "POST",
      headers: { "content-type": "application/json", "x-khue-csrf": csrf },
      body: JSON.stringify({
        camera,
        role: "main",
        from_us: from,
        to_us: from + 10_000_000,
        purpose: "xác minh va chạm",
        case: "VV-2026-00418",
      }),
    });
    return { status: answer.status, body: await answer.json() };
  },
  { camera: here.camera, from: Number(from) },
);
assert.equal(exported.status, 201, JSON.stringify(exported.body));
const download = page.waitForEvent("download");
await page.evaluate(({ url, name }) => {
  const link = document.createElement("a");
  [link.href, link.download] = [url, name];
  document.body.append(link);
  link.click();
}, exported.body);
const file = join(folder, "export.mp4");
await (await download).saveAs(file);
tell({ what: "export", asked_us: Number(from), file, ...exported.body });

// The export panel does the same by hand.
await page.keyboard.press("]");
await page.keyboard.press("e");
await page.locator('input[name="case"]').fill("VV-2026-00418");
const byHand = page.waitForEvent("download");
await page.locator('[data-act="export"]').click();
await (await byHand).saveAs(join(folder, "by-hand.mp4"));

assert.deepEqual(wrong, []);
await browser.close();
