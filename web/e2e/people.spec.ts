/** An administrator says who there is; what is told once lets in once. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { signIn, stage } from "./harness";

const { visit } = stage();

const row = (page: Page, name: string) => page.locator(`[data-person="${name}"]`);
const told = async (page: Page) => (await page.locator('[data-told="password"]').textContent())!;

async function managing() {
  const it = await visit();
  await signIn(it.page, "admin", "quan-tri-12");
  await it.page.locator('a[href="/people"]').click();
  await row(it.page, "admin").waitFor();
  return it;
}

test("a person is added, signs in by what was told, is let in anew, changed and removed", async () => {
  const { page, complaints } = await managing();
  await page.locator('[data-act="add"]').click();
  await page.locator('input[name="name"]').fill("Trucban");
  await page.locator('input[name="display_name"]').fill("Nguyễn Thị Hồng");
  await page.locator('[role="dialog"] button[type="submit"]').click();
  await page.locator('[role="dialog"] .error', { hasText: "Đã có người" }).waitFor();
  await page.locator('input[name="name"]').fill("Hồng");
  await page.locator('[role="dialog"] button[type="submit"]').click();
  await page.locator('[role="dialog"] .error', { hasText: "không dấu" }).waitFor();
  await page.locator('input[name="name"]').fill("hong.nt");
  await page.locator('[role="dialog"] button[type="submit"]').click();
  const password = await told(page);
  await page.locator('[role="dialog"] footer button').click();
  expect(await row(page, "hong.nt").textContent()).toMatch(/Nguyễn Thị Hồng.*Trực ban.*chưa đặt/);

  const { page: hers } = await visit();
  await signIn(hers, "hong.nt", password);
  await hers.locator('input[name="new"]').waitFor();

  await row(page, "hong.nt").locator('[data-act="change"]').click();
  expect(await page.locator('input[name="name"]').count()).toBe(0);
  await page.locator('select[name="role"]').selectOption("auditor");
  await page.locator('[role="dialog"] button[type="submit"]').click();
  await row(page, "hong.nt").getByText("Kiểm tra").waitFor();

  await row(page, "hong.nt").locator('[data-act="reset"]').click();
  await page.locator('[role="dialog"] [data-act="sure"]').click();
  expect(await told(page)).not.toBe(password);
  await page.locator('[role="dialog"] footer button').click();

  await row(page, "hong.nt").locator('[data-act="remove"]').click();
  await page.locator('[role="dialog"] [data-act="sure"]').click();
  await row(page, "hong.nt").waitFor({ state: "detached" });
  await page.locator(".toast", { hasText: "Đã xóa Nguyễn Thị Hồng" }).waitFor();
  expect(complaints).toEqual([]);
});

test("nobody changes themselves, and operators have no such screen", async () => {
  const { page } = await managing();
  expect(await row(page, "admin").locator("button").count()).toBe(0);
  expect(await row(page, "trucban").locator("button").count()).toBe(4);
  const { page: operators } = await visit();
  await signIn(operators, "trucban", "truc-ban-12");
  await operators.locator('a[href="/live"]').waitFor();
  expect(await operators.locator('a[href="/people"]').count()).toBe(0);
});
