/** Names and passwords for RTSP out of a camera: made, told once, revoked. */
import { expect, test } from "vitest";
import { atDesk, stage, until } from "./harness";

const { mock, visit } = stage();

test.for([
  { name: "a desk", options: {} },
  { name: "a phone", options: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
])("on $name a password is made, shown once, copied, listed and revoked", async ({ options }) => {
  const { page, complaints } = await visit({ permissions: ["clipboard-read", "clipboard-write"], ...options });
  await atDesk(page, mock.base, "/live", ["c113"], 4);
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  const open = async () => {
    await page.locator('[data-camera="c113"] [data-act="more"]').click();
    await page.locator('[role="menuitem"]', { hasText: "RTSP ra ngoài" }).click();
    await page.locator('[role="dialog"]', { hasText: "RTSP ra ngoài: camera 113" }).waitFor();
  };
  await open();
  await page.locator(".rtsplist", { hasText: "Bạn chưa tạo mật khẩu RTSP nào cho camera này." }).waitFor();
  expect(await page.locator('[data-act="make-secret"]').isDisabled()).toBe(true);
  await page.locator('input[name="label"]').fill("Màn hình phòng họp");
  await page.locator('select[name="days"]').selectOption("7");
  const asked = page.waitForRequest((r) => r.url().endsWith("/stream-secrets") && r.method() === "POST");
  await page.locator('[data-act="make-secret"]').click();
  expect((await asked).postDataJSON()).toEqual({ camera: "c113", label: "Màn hình phòng họp", days: 7 });

  const told = (what: string) => page.locator(`[data-told="${what}"]`).first().textContent();
  await page.locator('[data-told="password"]').waitFor();
  const password = await told("password");
  expect(await told("url")).toMatch(/^rtsp:\/\/[^@]+$/);
  for (const what of ["user", "password", "url"]) {
    await page.locator(`[data-copy="${what}"]`).first().click();
    const text = await told(what);
    await until(
      () => page.evaluate(() => navigator.clipboard.readText()),
      (copied) => copied === text,
    );
  }
  const row = page.locator(".rtsprow", { hasText: "Màn hình phòng họp" });
  await row.waitFor();
  expect(await row.textContent()).toMatch(/đến \d\d\/\d\d\/\d{4}/);

  await page.locator('[role="dialog"] header button').click();
  await open();
  await row.waitFor();
  expect(await page.locator('[role="dialog"]').textContent()).not.toContain(password);
  await row.locator('[data-act="ask-revoke"]').click();
  await row.locator('[data-act="revoke"]').click();
  await row.waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test("what the server refuses is told in the dialog", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, "/live", ["c113"], 4);
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  await page.route("**/api/v1/stream-secrets", (route) =>
    route.request().method() === "POST"
      ? route.fulfill({ status: 403, json: { code: "forbidden", message: "no" } })
      : route.continue(),
  );
  await page.locator('[data-act="more"]').click();
  await page.locator('[role="menuitem"]', { hasText: "RTSP ra ngoài" }).click();
  await page.locator('input[name="label"]').fill("Phòng họp");
  await page.locator('[data-act="make-secret"]').click();
  await page.locator('[role="dialog"] .warnn').waitFor();
});

test("whoever lets a program listen says for which case", async () => {
  const { page, complaints } = await visit();
  await atDesk(page, mock.base, "/live", ["c131"], 4);
  await page.locator('[data-camera="c131"][data-state="live"]').waitFor();
  await page.locator('[data-camera="c131"] [data-act="more"]').click();
  await page.locator('[role="menuitem"]', { hasText: "RTSP ra ngoài" }).click();
  await page.locator('input[name="label"]').fill("Loa phòng trực");
  await page.locator('input[name="case"]').fill("12/2026");
  const asked = page.waitForRequest((r) => r.url().endsWith("/stream-secrets") && r.method() === "POST");
  await page.locator('[data-act="make-secret"]').click();
  expect((await asked).postDataJSON()).toMatchObject({ camera: "c131", case: "12/2026" });
  await page.locator(".rtsprow", { hasText: "hồ sơ 12/2026" }).waitFor();
  expect(complaints).toEqual([]);
});
