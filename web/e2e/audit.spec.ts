/** Reading who did what: filters, the pages behind the first, and who may. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { signIn, stage, until } from "./harness";

const { visit } = stage();

const rows = (page: Page) => page.locator("tbody tr");
const numbers = (page: Page) =>
  rows(page).evaluateAll((all) => all.map((row) => Number((row as HTMLElement).dataset.n)));
const acts = (page: Page) =>
  rows(page).evaluateAll((all) => [...new Set(all.map((row) => (row as HTMLElement).dataset.act))]);

async function reading() {
  const it = await visit();
  await signIn(it.page, "kiemtra", "kiem-tra-12");
  await rows(it.page).first().waitFor();
  return it;
}

test("an auditor reads the newest first, goes back page by page, and has no other screen", async () => {
  const { page, complaints } = await reading();
  expect(new URL(page.url()).pathname).toBe("/audit");
  expect(await page.locator("nav.rail a").count()).toBe(1);
  expect(await numbers(page)).toEqual(Array.from({ length: 100 }, (_, i) => 300 - i));
  for (const count of [200, 300]) {
    await page.locator(".more button").click();
    await until(
      () => rows(page).count(),
      (found) => found === count,
    );
  }
  expect(await page.locator(".more").count()).toBe(0);
  const first = rows(page).last();
  expect(await first.textContent()).toContain("Khởi động hệ thống");
  expect(await first.textContent()).toContain("hệ thống");
  expect(complaints).toEqual([]);
});

test("it is narrowed by act, outcome, person, camera and time, and widened again", async () => {
  const { page } = await reading();
  await page.locator('select[name="act"]').selectOption("export");
  await until(
    () => acts(page),
    (found) => found.length === 1 && found[0] === "export",
  );
  expect(await rows(page).first().textContent()).toMatch(/Trích xuất.*Va chạm giao thông, hồ sơ/);
  await page.locator('select[name="act"]').selectOption("user");
  await until(
    () => acts(page),
    (found) => found.length === 1 && found[0] === "user",
  );
  expect(await rows(page).first().textContent()).toMatch(/Thêm người dùng.*hong\.nt/);
  await page.locator('select[name="act"]').selectOption("");
  // Words count once they are typed to their end: looking is an entry itself.
  const find = page.locator('input[name="find"]');
  await find.fill("va cham giao thong");
  expect((await acts(page)).length).toBeGreaterThan(2);
  await find.press("Enter");
  await until(
    () => acts(page),
    (found) => found.length > 0 && found.every((act) => act === "export" || act === "playback"),
  );
  await find.fill("");
  await until(
    () => acts(page),
    (found) => found.length > 2,
  );

  await page.locator('[role="radio"]', { hasText: "Bị từ chối" }).click();
  const refused = page.locator(".refused");
  await until(
    async () => [await rows(page).count(), await refused.count()],
    ([all, some]) => all! > 0 && all === some,
  );
  expect(await refused.first().textContent()).toMatch(/Từ chối: (không có quyền|sai tên hoặc mật khẩu)/);
  await page.locator('[role="radio"]', { hasText: "Tất cả" }).click();
  await until(
    () => rows(page).count(),
    (count) => count === 100,
  );

  const camera = page.locator("td:nth-child(4) button").first();
  const name = (await camera.textContent())!;
  await camera.click();
  const names = () => page.locator("td:nth-child(4)").allTextContents();
  await until(names, (found) => found.length < 100 && found.every((one) => one === name));
  await page.locator("td:nth-child(2) button", { hasText: "admin" }).first().click();
  await until(
    () => page.locator("td:nth-child(2) button").allTextContents(),
    (found) => found.length > 0 && found.every((one) => one === "admin"),
  );
  expect(await page.locator(".auditfilter .chip").count()).toBe(2);
  for (const left of [1, 0]) {
    await page.locator(".auditfilter .chip").first().click();
    expect(await page.locator(".auditfilter .chip").count()).toBe(left);
  }

  await until(
    () => rows(page).count(),
    (count) => count === 100,
  );
  const time = (await rows(page).nth(49).locator("td").first().textContent())!;
  await page.locator('input[name="from"]').fill(time);
  await page.keyboard.press("Enter");
  await until(
    () => rows(page).count(),
    (count) => count === 50,
  );
  await page.locator('input[name="from"]').fill("hôm qua");
  await page.keyboard.press("Enter");
  await page.locator(".toast", { hasText: "Nhập giờ như" }).waitFor();
  expect(await page.locator('input[name="from"]').inputValue()).toBe(time);
  await page.locator('input[name="to"]').fill("01/01/2020 00:00:00");
  await page.keyboard.press("Enter");
  await page.getByText("Không có dòng nào khớp").waitFor();
});

test("what else an entry says is there for who asks, and on a phone all is in two columns", async () => {
  const { page } = await visit({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await signIn(page, "kiemtra", "kiem-tra-12");
  const change = page.locator('tr[data-act="camera"]').first();
  await change.locator("summary").tap();
  expect(await change.locator("dd").first().textContent()).toBe("Cổng → Cổng phụ");
  expect(await page.locator("thead th").count()).toBe(2);
  const widths = await page.locator(".tablebox").evaluate((box) => [box.scrollWidth, box.clientWidth]);
  expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
});
