/** The envelope for emergencies: one who opens it, and another administrator who hears of it; and who is suspended. */
import { expect, test } from "vitest";
import { signIn, stage } from "./harness";

const { visit } = stage();

test("an envelope is opened once, every administrator hears of it, and one of them looks into it", async () => {
  const { page: others, complaints } = await visit();
  await signIn(others, "admin", "quan-tri-12");
  await others.locator(".rail").waitFor();

  const { page } = await visit();
  await page.locator('[data-act="envelope"]').click();
  await page.locator('input[name="envelope"]').fill("SAI-SAI");
  await page.locator('input[name="reason"]').fill("điện thoại của cả phòng hỏng");
  await page.locator('button[type="submit"]').click();
  await page.getByText("Mã sai, đã dùng rồi").waitFor();
  await page.locator('input[name="envelope"]').fill("abcde-23456");
  await page.locator('button[type="submit"]').click();
  await page.locator('[data-banner="break-glass"]', { hasText: "Bạn đang dùng tài khoản khẩn cấp" }).waitFor();
  expect(await page.locator('[data-act="review"]').count()).toBe(0);

  await others.reload();
  const banner = others.locator('[data-banner="break-glass"]', { hasText: "điện thoại của cả phòng hỏng" });
  await banner.waitFor();
  await banner.locator('[data-act="review"]').click();
  expect(await others.locator('[data-act="reviewed"]').isDisabled()).toBe(true);
  await others.locator('input[name="note"]').fill("diễn tập, đã niêm phong lại");
  await others.locator('[data-act="reviewed"]').click();
  await banner.waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test("who is suspended is out at once, and in again when that is over", async () => {
  const { page: theirs } = await visit();
  await signIn(theirs, "trucban", "truc-ban-12");
  await theirs.locator(".rail").waitFor();
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/people"]').click();
  const row = page.locator('[data-person="trucban"]');
  await row.locator('[data-act="change"]').click();
  await page.locator('input[name="suspended"]').check();
  await page.locator('[role="dialog"] button[type="submit"]').click();
  await row.locator('[data-state="suspended"]').waitFor();
  await theirs.reload();
  await theirs.locator('input[name="password"]').waitFor();

  await row.locator('[data-act="change"]').click();
  await page.locator('input[name="suspended"]').uncheck();
  await page.locator('[role="dialog"] button[type="submit"]').click();
  await row.locator('[data-state="suspended"]').waitFor({ state: "detached" });
  await signIn(theirs, "trucban", "truc-ban-12");
  await theirs.locator(".rail").waitFor();
  expect(complaints).toEqual([]);
});
