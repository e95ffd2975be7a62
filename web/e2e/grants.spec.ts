/** An administrator gives rights and takes them away. */
import { expect, test } from "vitest";
import { signIn, stage } from "./harness";

const { visit } = stage();

test("a right is given for some hours, shown in words, and revoked", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/grants"]').click();
  await page.locator("[data-grant]").first().waitFor();
  await page.locator('[data-act="give"]').click();
  const submit = page.locator('[role="dialog"] button[type="submit"]');
  expect(await submit.isDisabled()).toBe(true);
  const people = page.locator('select[name="person"]');
  // Administrators and auditors hold no video: they are not to be chosen.
  expect(await people.locator("option").allTextContents()).not.toContain("Kiểm tra");
  await people.selectOption({ label: "Nguyễn Văn Mới" });
  await page.locator('select[name="scope"]').selectOption({ index: 1 });
  await page.locator('input[name="export"]').uncheck();
  await page.locator('input[name="hours"]').fill("1-5 07:00-17:30");
  await page.locator('input[name="until"]').fill("2026-12-31");
  await page.locator('input[name="basis"]').fill("Quyết định 12/QĐ-CA");
  await submit.click();
  await page.locator(".toast", { hasText: "Đã cấp quyền" }).waitFor();
  const row = page.locator("[data-grant]", { hasText: "Quyết định 12/QĐ-CA" });
  const words = (await row.textContent())!;
  expect(words).toContain("Nguyễn Văn Mới");
  expect(words).toContain("Trực tiếp, Xem lại, Quay quét, Nghe");
  expect(words).toContain("1-5 07:00-17:30");
  expect(words).toContain("đến hết 31/12/2026");
  await row.locator('[data-act="revoke"]').click();
  await page.locator('[role="dialog"] [data-act="sure"]').click();
  await row.waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test("a right to cameras of defence waits for another administrator", async () => {
  const { page } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/grants"]').click();
  await page.locator('[data-act="give"]').click();
  await page.locator('select[name="person"]').selectOption({ label: "Trực ban 02" });
  await page.locator('input[name="basis"]').fill("Mệnh lệnh 7");
  await page.locator('input[name="defence"]').check();
  await page.locator('[role="dialog"] button[type="submit"]').click();
  const row = page.locator("[data-grant]", { hasText: "Mệnh lệnh 7" });
  await row.getByText("chờ người quản trị khác đồng ý").waitFor();
  await row.locator('[data-act="agree"]').click();
  await page.locator(".toast", { hasText: "Cần một người quản trị khác" }).waitFor();
  expect(await row.count()).toBe(1);
});

test("who can do what with a camera is a table, and each answer says why", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/grants"]').click();
  await page.getByRole("radio", { name: "Ai xem được" }).click();
  const operator = page.locator('tr[data-person="trucban"]');
  await operator.waitFor();
  expect(await operator.locator('[data-cell="live"]').getAttribute("data-may")).toBe("true");
  expect(await operator.locator('[data-cell="configure"]').getAttribute("data-may")).toBe("false");
  const admin = page.locator('tr[data-person="admin"]');
  expect(await admin.locator('[data-cell="live"]').getAttribute("data-may")).toBe("false");
  expect(await admin.locator('[data-cell="configure"]').getAttribute("data-may")).toBe("true");
  await operator.locator('[data-cell="live"]').click();
  const why = page.locator('[role="dialog"] .why');
  await why.getByText("Quyền này cho phép.").waitFor();
  expect(await why.getAttribute("data-allowed")).toBe("true");
  await page.keyboard.press("Escape");
  await why.waitFor({ state: "detached" });

  await page.getByRole("radio", { name: "Xem được gì" }).click();
  await page.locator('select[name="person"]').selectOption({ label: "Nguyễn Văn Mới" });
  await page.getByText("Lúc này người này không thấy camera nào.").waitFor();
  await page.locator('select[name="person"]').selectOption({ index: 0 });
  await page.locator("tr[data-group]").first().waitFor();
  expect(complaints).toEqual([]);
});
