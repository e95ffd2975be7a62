/** Administrators arrange organisations and sites; others look. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { chooseBy, signIn, stage } from "./harness";

const { mock, visit } = stage();

const body = (page: Page, name: string) => page.locator("[data-body]", { hasText: name });
const act = (page: Page, what: string) => page.locator(`[data-act="${what}"]`);
const fill = (page: Page, field: string, text: string) =>
  page.locator(`[role="dialog"] input[name="${field}"]`).fill(text);
const panel = (page: Page) => page.locator("aside.panel");

async function arranging() {
  const it = await visit();
  await signIn(it.page, "admin", "quan-tri-12");
  await it.page.locator('a[href="/organisations"]').click();
  await body(it.page, "Công an Thành phố").waitFor();
  return it;
}

test("bodies are a tree by the keys; a search without marks shows the way, and history on demand", async () => {
  const { page, complaints } = await arranging();
  expect(await body(page, "Đội Cảnh sát").count()).toBe(0);
  expect(await body(page, "Quận Hoàn Kiếm").count()).toBe(0);
  await body(page, "Công an Thành phố").focus();
  for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "Enter"]) await page.keyboard.press(key);
  await panel(page).locator("h2", { hasText: "Đội Cảnh sát giao thông số 1" }).waitFor();
  expect(await body(page, "Đội Cảnh sát").getAttribute("aria-level")).toBe("3");
  expect(await panel(page).locator(".bodyway").textContent()).toContain(
    "Công an Thành phố › Phòng Cảnh sát giao thông",
  );

  await page.locator('input[name="find"]').fill("pc67");
  await body(page, "Quận Hoàn Kiếm").waitFor({ state: "detached" });
  expect(await page.locator("[data-body]").allTextContents()).toEqual([
    expect.stringContaining("Công an Thành phố"),
    expect.stringContaining("Phòng Cảnh sát giao thông"),
  ]);
  await page.locator('input[name="find"]').fill("quan hoan kiem");
  await act(page, "show-ended").click();
  await body(page, "Quận Hoàn Kiếm").click();
  expect(await panel(page).locator("[data-ended]").textContent()).toContain("30/06/2025");
  await panel(page).locator('[data-to="o3"]').click();
  await panel(page).locator("h2", { hasText: "Phường Cửa Nam" }).waitFor();

  // A site leads to whose it is.
  await page.locator('input[name="find"]').fill("dong xuan");
  await page.locator("[data-found-site]").click();
  await panel(page).locator("h2", { hasText: "Phường Hoàn Kiếm" }).waitFor();
  expect(new URL(page.url()).search).toBe("?at=o2");
  await page.reload();
  await act(page, "its-cameras").click();
  await page.locator('[data-total="8"]').waitFor();
  expect(complaints).toEqual([]);
});

test("a body is added, renamed, moved and ended, a site added and changed; what is wrong is told at its field", async () => {
  const { page, complaints } = await arranging();
  await body(page, "Công an Thành phố").click();
  await act(page, "add-unit").click();
  await fill(page, "name", "Đội 7");
  await fill(page, "code", "00070");
  await act(page, "save-body").click();
  await page.locator('.field:has(input[name="code"]) .error', { hasText: "đã có đơn vị khác dùng" }).waitFor();
  await fill(page, "code", "D7");
  await page.locator('[role="dialog"] select[name="kind"]').selectOption("police_division");
  await act(page, "save-body").click();
  await panel(page).locator("h2", { hasText: "Đội 7" }).waitFor();
  await act(page, "change-body").click();
  await fill(page, "name", "Đội 7 cũ");
  await fill(page, "name", "Đội Trật tự");
  await act(page, "save-body").click();
  await panel(page).locator(".dl", { hasText: "Đội 7" }).waitFor();

  await fetch(`${mock.base}/mock/confirm`, { method: "PUT", body: "{}" });
  await act(page, "move-body").click();
  await chooseBy(page, "parent", "hoan kiem");
  await act(page, "move").click();
  // Who sees what changes: whoever does it proves once more that it is them.
  await page.locator('input[name="confirm"]').fill("quan-tri-12");
  await page.locator('[role="dialog"]:has(input[name="confirm"]) button[type="submit"]').click();
  await page.locator(".toast", { hasText: "Đã chuyển Đội Trật tự." }).waitFor();
  await panel(page).locator(".bodyway", { hasText: "Phường Hoàn Kiếm" }).waitFor();

  await panel(page).locator('[data-to="o2"]').click();
  await act(page, "end-body").click();
  expect(await act(page, "end").isDisabled()).toBe(true);
  await fill(page, "valid_until", "2025-01-01");
  await chooseBy(page, "successors", "cua nam");
  // Whoever comes after it takes what it has.
  expect(await page.locator('input[name="move_to"]').inputValue()).toBe("Phường Cửa Nam");
  await act(page, "end").click();
  await page.locator('.field:has(input[name="valid_until"]) .error').waitFor();
  await fill(page, "valid_until", "2026-10-31");
  const ended = page.waitForRequest((request) => request.method() === "PATCH");
  await act(page, "end").click();
  expect((await ended).postDataJSON()).toEqual({ valid_until: "2026-10-31", successors: ["o3"], move_to: "o3" });
  await panel(page).locator("[data-ended]", { hasText: "Phường Cửa Nam" }).waitFor();
  await body(page, "Phường Hoàn Kiếm").waitFor({ state: "detached" });
  await panel(page).locator('[data-to="o3"]').last().click();
  await panel(page).locator("[data-site]", { hasText: "Chợ Đồng Xuân" }).waitFor();

  // A site is told where it is as a map gives it.
  await act(page, "add-site").click();
  await fill(page, "name", "Vườn hoa Cửa Nam");
  await page.locator('select[name="category"]').selectOption("public_place");
  await chooseBy(page, "ward", "cua nam");
  await fill(page, "latitude", "21,03");
  await page.locator('.field:has(input[name="longitude"]) .error', { hasText: "cả hai số" }).waitFor();
  expect(await act(page, "save-site").isDisabled()).toBe(true);
  await fill(page, "longitude", "205");
  await page.locator('.field:has(input[name="longitude"]) .error', { hasText: "-180 đến 180" }).waitFor();
  await page.locator('input[name="latitude"]').evaluate((input) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text", "21.02934, 105.84213");
    input.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
  const added = page.waitForRequest((request) => request.url().endsWith("/sites") && request.method() === "POST");
  await act(page, "save-site").click();
  expect((await added).postDataJSON()).toEqual({
    name: "Vườn hoa Cửa Nam",
    organisation: "o3",
    category: "public_place",
    ward: "00082",
    address: null,
    latitude: 21.02934,
    longitude: 105.84213,
  });
  const site = panel(page).locator("[data-site]", { hasText: "Vườn hoa Cửa Nam" });
  expect(await site.textContent()).toMatch(/Nơi công cộng.*Phường Cửa Nam.*21.02934, 105.84213/);
  await site.locator('[data-act="change-site"]').click();
  await fill(page, "address", "Phố Cửa Nam");
  await act(page, "save-site").click();
  await site.getByText("Phố Cửa Nam, Phường Cửa Nam").waitFor();
  expect(complaints).toEqual([]);
});

/** Opens what is done with tables, and chooses one of it. */
async function ofTables(page: Page, what: string) {
  await act(page, "tables").click();
  await page.locator(`[role="menuitem"]`, { hasText: what }).click();
}

async function chooseFile(page: Page, lines: string[]) {
  const choosing = page.waitForEvent("filechooser");
  await act(page, "choose-file").click();
  const buffer = Buffer.from(lines.join("\n"));
  await (await choosing).setFiles({ name: "bảng.csv", mimeType: "text/csv", buffer });
}

test("bodies and sites come by a table that is looked through first, and whoever moves bodies proves who they are", async () => {
  const { page, complaints } = await arranging();
  await ofTables(page, "Đơn vị từ bảng");
  await chooseFile(page, ["Mã;Tên;Thuộc đơn vị", "X1;Đội mới;X2", "X3;Lạc;không có"]);
  await page.locator('[data-result="bad"]', { hasText: "2 trong 2 dòng" }).waitFor();
  expect(await page.locator('[data-fault-row="3"]').textContent()).toMatch(/C3Thuộc đơn vị.*mã, hoặc tên/);
  await chooseFile(page, ["Mã;Tên;Thuộc đơn vị", "CATP;Công an Thành phố;"]);
  await page.locator('[data-result="same"]').waitFor();
  expect(await act(page, "take").count()).toBe(0);
  await chooseFile(page, [
    "Mã;Tên;Thuộc đơn vị",
    "X1;Đội mới;X2",
    "X2;Phòng mới;CATP",
    "00082;Phường Cửa Nam mới;CATP",
  ]);
  await page.locator('[data-result="good"]', { hasText: "thêm mới 2, sửa 1, giữ nguyên 0" }).waitFor();
  await fetch(`${mock.base}/mock/confirm`, { method: "PUT", body: "{}" });
  await act(page, "take").click();
  await page.locator('input[name="confirm"]').fill("quan-tri-12");
  await page.locator('[role="dialog"]:has(input[name="confirm"]) button[type="submit"]').click();
  await page.locator(".toast", { hasText: "thêm 2 dòng, sửa 1 dòng" }).waitFor();
  await page.locator('input[name="find"]').fill("phong moi");
  await body(page, "Phòng mới").waitFor();

  await page.locator('input[name="find"]').fill("");
  await ofTables(page, "Địa điểm từ bảng");
  await chooseFile(page, ["Tên;Đơn vị;Địa chỉ", "Bến Chương Dương;X2;Phố Chương Dương"]);
  await act(page, "take").click();
  await page.locator(".toast", { hasText: "thêm 1 dòng" }).waitFor();
  await page.locator('input[name="find"]').fill("chuong duong");
  await page.locator("[data-found-site]", { hasText: "Phòng mới" }).waitFor();
  expect(complaints).toEqual([]);
});

test("whoever does not arrange looks, and finds no button that changes anything", async () => {
  const { page, complaints } = await visit();
  await signIn(page);
  await page.locator('a[href="/organisations"]').click();
  await body(page, "Phường Cửa Nam").click();
  await panel(page).locator("[data-site]").first().waitFor();
  // They are given tables of what they see, and bring none.
  await act(page, "tables").click();
  expect(await page.locator('[role="menuitem"]').allTextContents()).toEqual([
    "Đơn vị, Excel (.xlsx)",
    "Đơn vị, CSV (.csv)",
    "Địa điểm, Excel (.xlsx)",
    "Địa điểm, CSV (.csv)",
  ]);
  const link = page.locator('[role="menuitem"]').first();
  expect(await link.getAttribute("href")).toBe("/api/v1/organisations.xlsx");
  await page.keyboard.press("Escape");
  expect(
    await page.locator('.page .btn.primary, .bodyacts, [data-act="change-site"], [data-act="add-site"]').count(),
  ).toBe(0);
  expect(complaints).toEqual([]);
});
