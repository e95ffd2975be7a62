/**
 * Somebody who signs in by another installation, in a real browser against the
 * built program and a real provider. Started by e2e/tests/sign_in.rs:
 *
 *   node sso-story.mjs '{"address"}'
 *
 * Tells as JSON who came in, and who did not.
 */
import assert from "node:assert/strict";
import { launch } from "./chromium.mjs";

const { address } = JSON.parse(process.argv[2]);
const browser = await launch();
const wrong = [];

/** A browser that nobody used, at the door. */
async function visit() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ignoreHTTPSErrors: true });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(error.stack ?? String(error)));
  await page.goto(address);
  await page.locator('[data-act="sso"]').click();
  await page.locator("#hong").waitFor();
  return page;
}

const refused = await visit();
await refused.locator("#khach").click();
await refused.locator(".warnn", { hasText: "chưa thuộc nhóm nào" }).waitFor();
assert.equal(new URL(refused.url()).search, "", "what went wrong is not said again as the page is loaded anew");

const page = await visit();
await page.locator("#hong").click();
await page.locator(".rail").waitFor();
const { user } = await page.evaluate(async () => (await fetch("/api/v1/session")).json());

// What needs to be sure asks there once more, in a page of its own.
await page.locator(".person").click();
await page.getByRole("menuitem", { name: "Tài khoản của tôi" }).click();
await page.locator(".account").waitFor();
let late = true;
await page.route("**/api/v1/api-tokens", async (route, request) => {
  // As after five minutes, the first time.
  if (request.method() !== "POST" || !late) return await route.continue();
  late = false;
  const body = JSON.stringify({ code: "confirm_it_is_you", message: "confirm that it is you first" });
  return route.fulfill({ status: 403, contentType: "application/json", body });
});
await page.locator('[data-act="add-token"]').click();
await page.locator('input[name="token-name"]').fill("bản đồ");
await page.locator('input[name="status:read"]').check();
await page.locator('[data-act="make-token"]').click();
await page.locator('button[data-act="elsewhere"]').click();
const opened = page.context().waitForEvent("page");
await page.locator('a[data-act="elsewhere"]').click();
const there = await opened;
await there.locator("#hong").click();
await there.getByText("Đã xác nhận đúng là bạn").waitFor();
await page.locator('[data-act="confirm"]').click();
await page.locator('[data-told="token"]').waitFor();

assert.deepEqual(wrong, []);
console.log(JSON.stringify({ name: user.name, way: user.way, refused: "khach" }));
await browser.close();
