/** Getting in by a code, having to set one up, being asked once more, and where one is signed in. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { signIn, stage } from "./harness";

const { mock, visit } = stage();

const account = async (page: Page) => {
  await page.locator(".person").click();
  await page.getByRole("menuitem", { name: "Tài khoản của tôi" }).click();
  await page.locator(".account").waitFor();
};
const code = (page: Page, typed: string) => page.locator('input[name="code"]').fill(typed);

test("after the password a code of the phone is asked, or one on paper", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "haibuoc", "hai-buoc-12");
  await code(page, "000000");
  await page.locator('button[type="submit"]').click();
  await page.locator(".warnn", { hasText: "Đợi mã kế tiếp" }).waitFor();
  await page.locator('[data-act="paper"]').click();
  await code(page, "MATM-OTLA-N234");
  await page.locator('button[type="submit"]').click();
  await page.locator(".rail").waitFor();
  expect(complaints).toEqual([]);
});

test("an administrator without a second factor sets one up before anything else", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "chuadat", "chua-dat-12");
  await page.locator("svg.qr path").waitFor({ state: "attached" });
  expect(await page.locator(".rail").count()).toBe(0);
  expect(await page.locator('[data-told="secret"]').textContent()).toBe("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
  await code(page, "111111");
  await page.locator('[data-act="finish"]').click();
  await page.locator(".error", { hasText: "Kiểm tra giờ của điện thoại" }).waitFor();
  await code(page, "123456");
  await page.locator('[data-act="finish"]').click();
  await page.locator('[data-told="recovery"] code').nth(9).waitFor();
  // The session is looked at again meanwhile, and the codes stay.
  expect(await page.locator(".rail").count()).toBe(0);
  await page.locator('[data-act="kept"]').click();
  await page.locator('a[href="/people"]').waitFor();
  expect(complaints).toEqual([]);
});

test("what cannot be undone asks who one is and then goes on by itself", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/people"]').click();
  await fetch(`${mock.base}/mock/confirm`, { method: "PUT", body: "{}" });
  await page.locator('[data-person="moi"] [data-act="reset"]').click();
  await page.locator('[data-act="sure"]').click();
  await page.locator('input[name="confirm"]').fill("sai");
  await page.locator('[data-act="confirm"]').click();
  await page.locator(".warnn", { hasText: "Sai mật khẩu" }).waitFor();
  await page.locator('input[name="confirm"]').fill("quan-tri-12");
  await page.locator('[data-act="confirm"]').click();
  await page.locator('[data-told="password"]').waitFor();
  await page.locator('[role="dialog"] footer button').click();

  await fetch(`${mock.base}/mock/confirm`, { method: "PUT", body: "{}" });
  await page.locator('[data-person="moi"] [data-act="remove"]').click();
  await page.locator('[data-act="sure"]').click();
  await page.locator('input[name="confirm"]').waitFor();
  await page.keyboard.press("Escape");
  await page.locator('input[name="confirm"]').waitFor({ state: "detached" });
  expect(await page.locator('[data-person="moi"]').count()).toBe(1);
  expect(complaints).toEqual([]);
});

test("one sees where one is signed in, and ends it there; an administrator does for others", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "kiemtra", "kiem-tra-12");
  await page.locator(".rail").waitFor();
  const { page: other } = await visit();
  await signIn(other, "kiemtra", "kiem-tra-12");
  await other.locator(".rail").waitFor();
  await account(page);
  await page.locator('[data-device="other"] [data-act="end"]').click();
  await page.locator('[data-device="other"]').waitFor({ state: "detached" });
  await other.reload();
  await other.locator('input[name="password"]').waitFor();

  const { page: admins } = await visit();
  await signIn(admins, "admin", "quan-tri-12");
  await admins.locator('a[href="/people"]').click();
  await admins.locator('[data-person="kiemtra"] [data-act="access"]').click();
  await admins.locator('[data-device="other"] [data-act="end"]').click();
  await admins.locator('[data-device="other"]').waitFor({ state: "detached" });
  await page.reload();
  await page.locator('input[name="password"]').waitFor();
  expect(complaints).toEqual([]);
});

test("a program gets a token for some of what one may, told once, and loses it again", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "trucban", "truc-ban-12");
  await page.locator(".rail").waitFor();
  await account(page);
  await page.locator('[data-act="add-token"]').click();
  await page.locator('input[name="token-name"]').fill("Bảng thống kê");
  expect(await page.locator('input[type="checkbox"][name="people:write"]').count()).toBe(0);
  await page.locator('input[type="checkbox"][name="cameras:read"]').check();
  await page.locator('[data-act="make-token"]').click();
  expect(await page.locator('[data-told="token"]').textContent()).toMatch(/^khue_[\w-]{43}$/);
  await page.locator('[role="dialog"] footer button').click();
  await page.locator('[data-token="Bảng thống kê"] [data-act="revoke"]').click();
  await page.locator('[data-token="Bảng thống kê"]').waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test("a second factor is set up by choice, and a password changed", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "trucban", "truc-ban-12");
  await page.locator(".rail").waitFor();
  await account(page);
  await page.locator('.account [data-act="set"]').click();
  await code(page, "123456");
  await page.locator('[data-act="finish"]').click();
  await page.locator('[data-act="kept"]').click();
  await page.locator(".account", { hasText: "Đang bật từ" }).waitFor();
  await page.locator('.account [data-act="remove"]').click();
  await page.locator(".account", { hasText: "Đang tắt" }).waitFor();
  for (const [name, typed] of [
    ["current", "truc-ban-12"],
    ["new", "cau dai de nho 26"],
    ["again", "cau dai de nho 26"],
  ] as const)
    await page.locator(`input[name="${name}"]`).fill(typed);
  await page.locator('.passwordform button[type="submit"]').click();
  await page.locator(".toast", { hasText: "Đã đổi mật khẩu" }).waitFor();
  expect(complaints).toEqual([]);
});

test("another installation says who one is, or why one is not let in, and confirms", async () => {
  const elsewhere = (ways: object) => fetch(`${mock.base}/mock/sign-in`, { method: "PUT", body: JSON.stringify(ways) });
  await elsewhere({ oidc: "Công an Thành phố", word: "no_group" });
  const { page, complaints } = await visit();
  await page.getByRole("button", { name: "Đăng nhập bằng Công an Thành phố" }).click();
  await page.locator(".warnn", { hasText: "chưa thuộc nhóm nào" }).waitFor();
  expect(new URL(page.url()).search).toBe("");
  await elsewhere({ oidc: "Công an Thành phố" });
  await page.locator('[data-act="sso"]').click();
  await page.locator(".rail").waitFor();

  await account(page);
  await fetch(`${mock.base}/mock/confirm`, { method: "PUT", body: "{}" });
  await page.locator('[data-act="set"]').click();
  await page.locator('button[data-act="elsewhere"]').click();
  const opened = page.context().waitForEvent("page");
  await page.locator('a[data-act="elsewhere"]').click();
  await (await opened).getByText("Đã xác nhận đúng là bạn").waitFor();
  await page.locator('[data-act="confirm"]').click();
  await page.locator("svg.qr path").waitFor({ state: "attached" });
  await elsewhere({});
  expect(complaints).toEqual([]);
});
