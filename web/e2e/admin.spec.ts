/** What the administrator does, and what is told of the disk that all cameras share. */
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { atDesk, signIn, stage, until } from "./harness";

const { mock, visit } = stage();
afterEach(() => mock.setDisk({ full: false, unreadable_files: 0 }));

const alarm = (page: Page) => page.locator('.banner.alarm[role="alert"]');

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
  await page.locator('select[name="site"]').selectOption({ label: "Ga Hà Nội" });
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
