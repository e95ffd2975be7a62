/** Small pictures of the past: over the timeline, in place of a tile's picture while a hand drags, and in a row. */
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { atDesk, cursorUs, stage, until } from "./harness";

const { mock, visit } = stage();
afterEach(() => mock.setWays());

const somewhere = () => Math.floor((Date.now() - 45 * 60_000) / 10_000) * 10_000_000;
const isThumb = (url: string) => url.includes("/thumbnail?");

/** Counts the requests for small pictures: how many there were, and how many at once. */
function watchThumbs(page: Page) {
  const seen = { total: 0, now: 0, most: 0, headers: [] as string[] };
  page.on("request", (request) => {
    if (!isThumb(request.url())) return;
    seen.total++;
    seen.most = Math.max(seen.most, ++seen.now);
    seen.headers.push(request.headers().authorization ?? "");
  });
  for (const end of ["requestfinished", "requestfailed"] as const)
    page.on(end as "requestfinished", (request) => void (isThumb(request.url()) && seen.now--));
  return seen;
}
const timeline = async (page: Page) => (await page.locator(".tlbody").boundingBox())!;

test("a pointer that rests on the timeline sees what was there then, and one that passes asks for little", async () => {
  const { page, complaints } = await visit();
  const seen = watchThumbs(page);
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113", "c131"], 4);
  await page.locator('[data-state="frame"]').first().waitFor();
  // Without the row of small pictures, which asks as well.
  await page.locator('[role="radio"]', { hasText: "Ngày" }).click();
  await page.locator(".strip").waitFor({ state: "detached" });
  await page.mouse.move(10, 10);
  const before = seen.total;
  const { x, y, width } = await timeline(page);
  // An hour and a half before, up to a quarter of an hour before the cursor.
  await page.mouse.move(x + width * 0.44, y + 40);
  await page.mouse.move(x + width * 0.49, y + 40, { steps: 60 });
  const thumb = page.locator(".hoverthumb img");
  await thumb.waitFor();
  // The moment of the picture is at or before the pointer's, by no more than a group of pictures.
  const seconds = (text: string) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  const apart = async () => {
    const hovered = await page.locator(".hover b").textContent();
    const wallUs = Number(await page.locator(".hoverthumb").getAttribute("data-thumb-us"));
    const hour = new Date(wallUs / 1000 + 7 * 3600e3).toISOString().slice(11, 19);
    return (seconds(hovered!) - seconds(hour) + 86_400) % 86_400;
  };
  // One of a moment that the pointer passed may stand there yet.
  await until(apart, (seconds) => seconds <= 3);
  expect(await page.locator(".hoverthumb span").textContent()).toMatch(/^\d\d:\d\d:\d\d$/);
  expect(await thumb.evaluate((img: HTMLImageElement) => img.naturalHeight)).toBe(180);
  expect(seen.total - before).toBeLessThan(30);
  expect(seen.headers.every((header) => header.startsWith("Bearer "))).toBe(true);
  // What was seen is kept.
  await page.mouse.move(10, 10);
  await page.locator(".hoverthumb").waitFor({ state: "detached" });
  const asked = seen.total;
  await page.mouse.move(x + width * 0.49, y + 40);
  await thumb.waitFor();
  expect(seen.total).toBe(asked);
  expect(complaints).toEqual([]);
});

test("while a hand drags, small pictures stand in for those that are on their way, and go when they come", async () => {
  const { page, complaints } = await visit();
  // Holds back what the server sends of the past, as a slow line would.
  let holding = false;
  const held: (() => void)[] = [];
  await page.routeWebSocket(/\/api\/v1\/media/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      if (holding && typeof message !== "string") held.push(() => socket.send(message));
      else if (holding) held.push(() => socket.send(message));
      else socket.send(message);
    });
  });
  const seen = watchThumbs(page);
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113"], 1);
  await page.locator('[data-state="frame"]').waitFor();
  holding = true;
  const { x, y, width } = await timeline(page);
  await page.mouse.move(x + width * 0.55, y + 40);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.4, y + 40, { steps: 12 });
  const thumb = page.locator(".tile .scrubthumb");
  await until(
    async () => [Number(await thumb.getAttribute("data-thumb-us").catch(() => 0)), await cursorUs(page)] as const,
    ([us, cursor]) => us <= cursor && cursor - us <= 2_000_000,
  );
  // Those that were called off are on their way out.
  expect(seen.most).toBeLessThanOrEqual(6);
  await page.mouse.up();
  // Still there, until the real frame is.
  expect(await thumb.isVisible()).toBe(true);
  holding = false;
  for (const send of held.splice(0)) send();
  await thumb.waitFor({ state: "detached" });
  await until(
    async () => [Number(await page.locator(".tile").getAttribute("data-wall-us")), await cursorUs(page)] as const,
    ([wall, cursor]) => wall <= cursor && cursor - wall < 40_000,
  );
  expect(complaints).toEqual([]);
});

test("a row of small pictures stands over the timeline where it is zoomed, each at its moment", async () => {
  const { page } = await visit();
  const seen = watchThumbs(page);
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113"], 4);
  await page.locator('[data-state="frame"]').waitFor();
  await until(
    () => page.locator(".strip img").count(),
    (count) => count >= 5,
  );
  expect(seen.most).toBeLessThanOrEqual(3);
  await page.locator('[role="radio"]', { hasText: "Ngày" }).click();
  await page.locator(".strip").waitFor({ state: "detached" });
});

test("a phone has no row, and drags all the same", async () => {
  const { page } = await visit({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113"], 1);
  await page.locator('[data-state="frame"]').waitFor();
  expect(await page.locator(".strip").count()).toBe(0);
});

test("a server that makes no small pictures says so quietly, and is not asked", async () => {
  await mock.setWays({ worker: false });
  const { page, complaints } = await visit();
  const seen = watchThumbs(page);
  await atDesk(page, mock.base, `/playback?at=${somewhere()}`, ["c113"], 4);
  await page.locator('[data-state="frame"]').waitFor();
  expect(await page.locator(".strip").count()).toBe(0);
  const { x, y, width } = await timeline(page);
  await page.mouse.move(x + width * 0.5, y + 40);
  await page.locator(".hoverthumb", { hasText: "Máy chủ chưa cài phần làm hình nhỏ" }).waitFor();
  await page.mouse.move(x + width * 0.3, y + 40, { steps: 10 });
  await until(
    () => page.locator(".hover b").textContent(),
    (text) => text !== "",
  );
  expect(seen.total).toBe(0);
  expect(await page.locator(".toast").count()).toBe(0);
  expect(complaints).toEqual([]);
});
