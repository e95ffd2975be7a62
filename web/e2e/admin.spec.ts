/** What the administrator does, and what is told of the disk that all cameras share. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { atDesk, chooseBy, signIn, stage, until } from "./harness";

const { mock, visit } = stage();
afterEach(() => mock.setDisk({ full: false, unreadable_files: 0 }));

const alarm = (page: Page) => page.locator('.banner.alarm[role="alert"]');

const total = (page: Page, count: number) => page.locator(`[data-total="${count}"]`).waitFor();

/** Chooses a table of these rows to be looked through. */
async function choose(page: Page, rows: string[], head = "Số;Tên;Địa điểm;Địa chỉ luồng chính"): Promise<void> {
  const choosing = page.waitForEvent("filechooser");
  await page.locator('[data-act="choose-file"]').click();
  const buffer = Buffer.from([head, ...rows].join("\n"));
  await (await choosing).setFiles({ name: "camera.csv", mimeType: "text/csv", buffer });
}

test("the server searches and filters, the address keeps it, and the table that is taken out is of that", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await total(page, 14);
  await page.locator('input[name="q"]').fill("cong chinh dong xuan");
  await total(page, 1);
  await page.locator('input[name="q"]').fill("");
  await total(page, 14);
  await chooseBy(page, "organisation", "cua nam");
  await total(page, 6);
  await page.locator('select[name="inherited"]').selectOption("true");
  await total(page, 1);
  const row = page.locator("tbody tr");
  expect(await row.textContent()).toMatch(/Sân ga 1.*Chưa rõ căn cứ, bổ sung trước 27\/02\/2027.*Ga Hà Nội/);
  await page.reload();
  await total(page, 1);
  expect(await page.locator('input[name="organisation"]').inputValue()).toBe("Phường Cửa Nam");

  await page.locator('[data-act="export"]').click();
  const saving = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "CSV" }).click();
  const saved = await saving;
  expect(new URL(saved.url()).search).toBe("?organisation=o3&inherited=true");
  expect(readFileSync(await saved.path(), "utf8").split("\r\n")).toHaveLength(2);

  await page.locator('[data-act="unfilter"]').click();
  await total(page, 14);
  await page.locator('input[name="q"]').fill("không có đâu");
  await page.locator(".nonefound").waitFor();
  expect(complaints).toEqual([]);
});

test("a device tells what it is, and its streams become the camera's", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('[data-act="add"]').click();
  const fill = (field: string, text: string) => page.locator(`input[name="${field}"]`).fill(text);
  const value = (field: string) => page.locator(`input[name="${field}"]`).inputValue();
  await fill("url", "192.168.10.9");
  await fill("user", "admin");
  await fill("password", "mật khẩu của camera");
  const asked = page.waitForRequest((request) => request.url().endsWith("/cameras/survey"));
  await page.locator('[data-act="probe"]').click();
  expect((await asked).postDataJSON()).toEqual({
    url: "http://192.168.10.9",
    user: "admin",
    password: "mật khẩu của camera",
  });
  // The one channel that it has is taken and tried at once.
  await page.locator(".okn", { hasText: "1920 × 1080" }).waitFor();
  expect(await value("url")).toBe("rtsp://192.168.10.9/ch1/main");
  expect(await value("sub_url")).toBe("rtsp://192.168.10.9/ch1/sub");
  expect(await value("make")).toBe("Hãng Mẫu IPC-2K");
  await page.locator(".warnn", { hasText: "nhanh 3.723 giây" }).waitFor();
  await page.locator(".device summary").click();
  expect(await page.locator('[data-feature="analytics"]').getAttribute("data-found")).toBe("failed");

  // A recorder has several, and one of them is chosen.
  await fill("url", "http://192.168.10.8:8000/onvif");
  expect(await page.locator(".device").count()).toBe(0);
  await page.locator('[data-act="probe"]').click();
  await page.locator("[data-channel]").nth(3).waitFor();
  await fill("name", "Kênh của đầu ghi");
  expect(await page.locator('[data-act="save"]').isDisabled()).toBe(true);
  await page.locator('[data-channel="3"]').click();
  await page.locator(".okn").waitFor();
  expect(await value("url")).toBe("rtsp://192.168.10.8/ch3/main");
  expect(await page.locator('[data-channel="3"]').getAttribute("aria-pressed")).toBe("true");

  // Those that answer in the network need not be typed.
  await page.locator(".finding summary").click();
  await page.locator('[data-act="find"]').click();
  await page.locator("[data-endpoint]", { hasText: "Cổng bắc" }).click();
  expect(await value("url")).toBe("http://192.168.10.20/onvif/device_service");

  await fill("url", "192.168.10.7");
  await page.locator('[data-act="probe"]').click();
  await page.getByText("đã khóa tài khoản này", { exact: false }).waitFor();
  // Chromium tells of each refusal by itself.
  expect(complaints.filter((one) => !one.includes("422"))).toEqual([]);
});

test("a camera is tried, added, listed for the administrator, and in the operators' tree", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('[data-act="add"]').click();
  const fill = (field: string, text: string) => page.locator(`input[name="${field}"]`).fill(text);
  await fill("url", "rtsp://192.168.10.20/main");
  await fill("sub_url", "rtsp://192.168.10.20/sub");
  await fill("user", "admin");
  await fill("password", "mật khẩu của camera");
  const probed = page.waitForRequest((request) => request.url().endsWith("/cameras/probe"));
  await page.locator('[data-act="probe"]').click();
  expect((await probed).postDataJSON()).toEqual({
    url: "rtsp://192.168.10.20/main",
    user: "admin",
    password: "mật khẩu của camera",
  });
  await page.locator(".okn", { hasText: "1920 × 1080, H.264" }).waitFor();

  await fill("number", "113");
  await fill("name", "Cổng sau");
  // A camera that is recorded says what for, and on which document.
  const save = page.locator('[data-act="save"]');
  expect(await save.isDisabled()).toBe(true);
  await page.locator('input[name="purpose-traffic"]').check();
  await fill("legal_basis", "12/QĐ-UBND, 5/1/2026");
  await chooseBy(page, "site", "ga ha noi");
  await page.locator('[data-act="save"]').click();
  await page.locator(".field .error", { hasText: "Số này đã có camera khác dùng." }).waitFor();
  await fill("number", "301");
  const saved = page.waitForRequest((request) => request.url().endsWith("/cameras") && request.method() === "POST");
  await page.locator('[data-act="save"]').click();
  expect((await saved).postDataJSON()).toEqual({
    url: "rtsp://192.168.10.20/main",
    sub_url: "rtsp://192.168.10.20/sub",
    user: "admin",
    password: "mật khẩu của camera",
    name: "Cổng sau",
    number: 301,
    site: "s3",
    recording: true,
    particulars: { purposes: ["traffic"], legal_basis: "12/QĐ-UBND, 5/1/2026" },
  });
  await page.locator(".toast", { hasText: "Đã thêm camera 301." }).waitFor();
  const row = page.locator("tbody tr", { hasText: "301" });
  await row.waitFor();
  expect(await row.textContent()).toMatch(/Cổng sau.*Ga Hà Nội.*Đang kết nối/);
  expect(await page.locator('input[name="url"]').count()).toBe(0);

  const { page: operators } = await visit();
  await atDesk(operators, mock.base, "/live", ["c113"], 4);
  const leaf = operators.locator('[role="tree"] [data-camera-row]', { hasText: "301" });
  await leaf.waitFor();
  expect(await leaf.textContent()).toContain("Cổng sau");
  expect(complaints).toEqual([]);
});

test("sound and transport are asked for only where somebody says so, with words on what sound needs", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  const open = async () => {
    await page.locator('[data-camera-row="c113"] .acts .btn').first().click();
    await page.locator('input[name="sound"]').waitFor();
  };
  await open();
  const sound = page.locator('input[name="sound"]');
  expect(await sound.isChecked()).toBe(false);
  const help = await sound.getAttribute("aria-describedby");
  expect(await page.locator(`[id="${help}"]`).textContent()).toContain("quyết định cho phép ghi âm");
  await sound.check();
  await page.locator('select[name="transport"]').selectOption("tcp");
  const saved = page.waitForRequest((request) => request.method() === "PATCH");
  await page.locator('[data-act="save"]').click();
  expect((await saved).postDataJSON()).toMatchObject({ sound: true, transport: "tcp" });
  await page.locator(".toast", { hasText: "Đã lưu camera 113." }).waitFor();
  await open();
  await until(
    () => sound.isChecked(),
    (checked) => checked,
  );
  expect(await page.locator('select[name="transport"]').inputValue()).toBe("tcp");
  await sound.uncheck();
  await page.locator('select[name="transport"]').selectOption("auto");
  const again = page.waitForRequest((request) => request.method() === "PATCH");
  await page.locator('[data-act="save"]').click();
  expect((await again).postDataJSON()).toMatchObject({ sound: false, transport: "auto" });
  expect(complaints).toEqual([]);
});

test("a camera says what it is for, whose it is and how it hangs, and what is wrong is told at its field", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('[data-camera-row="c201"] .acts .btn').first().click();
  await page.locator("details.more summary").click();
  await page.locator('input[name="heading_deg"]').fill("360");
  await page.locator('.field:has(input[name="heading_deg"]) .error', { hasText: "từ 0 đến 359" }).waitFor();
  expect(await page.locator('[data-act="save"]').isDisabled()).toBe(true);
  await page.locator('input[name="heading_deg"]').fill("270");
  await page.locator('input[name="height_m"]').fill("6,5");
  await chooseBy(page, "maintainer", "duong sat");
  await page.locator('select[name="class"]').selectOption("defence");
  await page.locator('input[name="retention_days"]').fill("90");
  const saved = page.waitForRequest((request) => request.method() === "PATCH");
  await page.locator('[data-act="save"]').click();
  expect((await saved).postDataJSON()).toMatchObject({
    class: "defence",
    retention_days: 90,
    particulars: { heading_deg: 270, height_m: 6.5, maintainer: "o8" },
  });
  await page.locator('[data-camera-row="c201"]', { hasText: "Quốc phòng" }).waitFor();
  expect(complaints).toEqual([]);
});

test("a camera from before purposes were asked says until when to settle it, and is settled", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  const row = page.locator('[data-camera-row="c202"]');
  await row.locator("[data-inherited]").waitFor();
  await row.locator(".acts .btn").first().click();
  await page.locator('.formbox [data-inherited="2027-02-27"]', { hasText: "27/02/2027" }).waitFor();
  await page.locator('input[name="purpose-urban_order"]').check();
  await page.locator('input[name="legal_basis"]').fill("12/QĐ-UBND");
  await page.locator('[data-act="save"]').click();
  // It is settled once both have come.
  await row.locator("[data-inherited]").waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test("a disk that fills is an alarm on every screen of both roles, until there is room", async () => {
  const { page: operators } = await visit();
  const { page: administrators } = await visit();
  await atDesk(operators, mock.base, "/live", ["c113"], 4);
  await operators.locator('[data-camera="c113"][data-state="live"]').waitFor();
  await signIn(administrators, "admin", "quan-tri-12");
  await administrators.locator(".disk").waitFor();
  expect(await alarm(operators).count()).toBe(0);
  expect(await alarm(administrators).count()).toBe(0);

  await mock.setDisk({ full: true });
  await Promise.all([alarm(operators).waitFor(), alarm(administrators).waitFor()]);
  expect(await alarm(operators).textContent()).toMatch(/^Ổ đĩa đầy: mọi camera đang ngừng ghi\..*báo người quản trị/);
  expect(await alarm(administrators).textContent()).toMatch(/^Ổ đĩa đầy.*thêm chỗ trống.*rút ngắn hạn lưu/);
  expect(await operators.locator('[data-camera="c113"][data-state="live"]').isVisible()).toBe(true);
  await operators.locator('a[href="/playback"]').click();
  await operators.locator('[data-state="frame"]').first().waitFor();
  expect(await alarm(operators).isVisible()).toBe(true);
  // The way to the cure is a touch away, and does not lead to where one is.
  await alarm(operators).locator("a").click();
  await operators.locator(".page").waitFor();
  expect(new URL(operators.url()).pathname).toBe("/holds");
  expect(await alarm(operators).locator("a").count()).toBe(0);

  await mock.setDisk({ full: false });
  const over = { state: "detached" } as const;
  await Promise.all([alarm(operators).waitFor(over), alarm(administrators).waitFor(over)]);
});

test.for([320, 390])("the alarm of a full disk leaves room for pictures on a phone of %i px", async (width) => {
  await mock.setDisk({ full: true });
  const { page } = await visit({ viewport: { width, height: 640 }, hasTouch: true, isMobile: true });
  await atDesk(page, mock.base, "/live", ["c113"], 4);
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  const words = await alarm(page).textContent();
  expect(words).toMatch(/^Ổ đĩa đầy.*Bỏ giữ đoạn không còn cần, hoặc báo người quản trị/);
  expect((await alarm(page).locator("a").boundingBox())!.height).toBeGreaterThanOrEqual(44);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  const [bar, wall] = [(await alarm(page).boundingBox())!, (await page.locator(".wall").boundingBox())!];
  expect(wall.height).toBeGreaterThan(2 * bar.height);
});

test("files that the disk would not read are told where the disk is shown, with what to do", async () => {
  const { page } = await visit();
  await mock.setDisk({ unreadable_files: 3 });
  await signIn(page, "admin", "quan-tri-12");
  const warning = page.locator('.centre > [role="alert"]');
  await warning.waitFor();
  expect(await warning.textContent()).toMatch(/^3 tệp bản ghi không đọc được.*Kiểm tra ổ đĩa/);
  expect(await page.locator(".disk").textContent()).toContain("41 GB trong giới hạn 100 GB");
  await page.evaluate(() => localStorage.setItem("khue.language", "en"));
  await mock.setDisk({ unreadable_files: 1 });
  await page.reload();
  await until(
    () => warning.textContent(),
    (words) => /^1 file of recordings could not be read.*Check the disk/.test(words ?? ""),
  );
});

test("a table is looked through first, each fault told by its row, and taken whole once somebody says so", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('[data-act="import"]').click();
  await choose(page, ["1;A"], "Số;Tên");
  await page.locator('[role="dialog"] [role="alert"]', { hasText: "Dòng đầu cần có các cột Tên, Địa điểm" }).waitFor();

  const good = Array.from({ length: 120 }, (_, i) => `${1001 + i};Cột ${i + 1};Ga Hà Nội;rtsp://192.168.20.${i}/main`);
  await choose(page, [...good, "1001;Trùng số;Ga Hà Nội;rtsp://10.0.0.1/a", ";Lạc;Ga Giáp Bát;rtsp://10.0.0.2/a"]);
  await page.locator('[data-result="bad"]', { hasText: "2 trong 122 dòng chưa đúng" }).waitFor();
  expect(await page.locator('[data-fault-row="122"]').textContent()).toMatch(/A122Số.*mỗi camera một dòng/);
  expect(await page.locator('[data-fault-row="123"]').textContent()).toMatch(/C123Địa điểm.*thêm địa điểm trước/);
  expect(await page.locator('[data-act="take"]').count()).toBe(0);

  // One that is there is changed by its number.
  await choose(page, [...good, "112;Cổng Ga;Ga Hà Nội;rtsp://192.168.20.200/main"]);
  await page.locator('[data-result="good"]', { hasText: "thêm mới 120, sửa 1, giữ nguyên 0" }).waitFor();
  expect(await page.locator("[data-fault-row]").count()).toBe(0);
  // Nothing was added by looking.
  expect(await page.locator('[data-total="15"]').count()).toBe(1);
  await page.locator('[data-act="take"]').click();
  await page.locator(".toast", { hasText: "thêm 120 dòng, sửa 1 dòng" }).waitFor();
  await total(page, 135);

  expect(await page.locator("tbody tr").count()).toBe(100);
  await page.locator('[data-act="next"]').click();
  await page.getByText("Trang 2 trong 2").waitFor();
  await page.locator("tbody tr", { hasText: "Cột 120" }).waitFor();
  expect(await page.locator("tbody tr").count()).toBe(35);
  await page.locator('[data-act="back"]').click();
  await page.locator('[data-camera-row="c112"]', { hasText: "Cổng Ga" }).waitFor();
  expect(complaints).toEqual([]);
});
