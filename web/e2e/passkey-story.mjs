/**
 * An administrator who gets in by a passkey, in a real browser with an authenticator
 * of its own (Chromium's virtual one) against the built program. Started by
 * e2e/tests/sign_in.rs:
 *
 *   node passkey-story.mjs '{"address","password","ca"}'
 *
 * Tells as JSON by what they came in, in order.
 */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { launch } from "./chromium.mjs";

const { address, password, ca } = JSON.parse(process.argv[2]);
const CHOSEN = "mưa rào Hà Nội 1954";

// A page whose certificate is passed over has no passkeys: this one is trusted, by its authority's key.
const key = new X509Certificate(readFileSync(ca)).publicKey.export({ type: "spki", format: "der" });
const known = createHash("sha256").update(key).digest("base64");
const browser = await launch([`--ignore-certificate-errors-spki-list=${known}`]);
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
context.setDefaultTimeout(60_000);
const page = await context.newPage();
const wrong = [];
page.on("pageerror", (error) => wrong.push(error.stack ?? String(error)));

const cdp = await context.newCDPSession(page);
await cdp.send("WebAuthn.enable");
const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
  options: {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  },
});

const ways = [];
const came = async () => {
  await page.locator('a[href="/people"]').waitFor();
  const { user } = await page.evaluate(async () => (await fetch("/api/v1/session")).json());
  ways.push(user.way);
};
const signOut = async () => {
  await page.evaluate(async () => {
    const { csrf } = await (await fetch("/api/v1/session")).json();
    await fetch("/api/v1/session", { method: "DELETE", headers: { "x-khue-csrf": csrf } });
  });
  await page.goto(address);
  await page.locator('input[name="name"]').waitFor();
};
const byPassword = async (typed) => {
  await page.locator('input[name="name"]').fill("quantri");
  await page.locator('input[name="password"]').fill(typed);
  await page.locator('button[type="submit"]').click();
};

// The first time: a password of one's own, and a passkey in place of a phone.
await page.goto(address);
await byPassword(password);
await page.locator('input[name="new"]').fill(CHOSEN);
await page.locator('input[name="again"]').fill(CHOSEN);
await page.locator('button[type="submit"]').click();
await page.locator('[data-act="add-passkey"]').click();
await page.locator('[data-told="recovery"] code').nth(9).waitFor();
await page.locator('[data-act="kept"]').click();
await came();
const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
assert.equal(credentials.length, 1);
assert.equal(credentials[0].rpId, "localhost");
assert.equal(credentials[0].isResidentCredential, true);

// By it alone.
await signOut();
await page.locator('[data-act="passkey"]').click();
await came();

// Not where nobody shows who they are.
await signOut();
await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
await page.locator('[data-act="passkey"]').click();
await page.getByText("Chưa đăng nhập").waitFor();
await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });

// In place of the code.
await byPassword(CHOSEN);
await page.locator('[data-act="prove-passkey"]').click();
await came();

// One's own: named, used, and not to be removed while it is the only one.
await page.locator(".person").click();
await page.getByRole("menuitem", { name: "Tài khoản của tôi" }).click();
const row = page.locator("[data-passkey]");
await row.getByText("dùng lần cuối").waitFor();
await row.locator('[data-act="rename"]').click();
await page.locator('input[name="passkey-name"]').fill("Vân tay máy trực");
await page.locator('[data-act="save-name"]').click();
await page.locator('[data-passkey="Vân tay máy trực"] [data-act="remove"]').click();
await page.getByText("Thêm khóa khác hoặc điện thoại rồi mới gỡ").waitFor();
await page.locator('[data-act="add-passkey"]').click();
await page.getByText("Máy này đã có khóa đăng nhập của bạn").waitFor();

// And to be sure that it is still them.
let late = true;
await page.route("**/api/v1/people/*/one-time-password", async (route) => {
  // As after five minutes, the first time.
  if (!late) return await route.continue();
  late = false;
  const body = JSON.stringify({ code: "confirm_it_is_you", message: "confirm that it is you first" });
  await route.fulfill({ status: 403, contentType: "application/json", body });
});
await page.locator('a[href="/people"]').click();
await page.locator('[data-person="trucban"] [data-act="reset"]').click();
await page.locator('[data-act="sure"]').click();
await page.locator('[data-act="confirm"]').click();
await page.locator('[data-told="password"]').waitFor();

assert.deepEqual(wrong, []);
console.log(JSON.stringify({ ways }));
await browser.close();
