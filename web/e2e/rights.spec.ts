/** Cases, second persons, agreements, emergencies, rules, groups and written requests, as the screens have them. */
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { atDesk, chooseBy, signIn, stage } from "./harness";

const { mock, visit } = stage();

const MINUTE_US = 60_000_000;
const sure = (page: Page) => page.locator('[role="dialog"] [data-act="sure"]');
const submit = (page: Page) => page.locator('[role="dialog"] button[type="submit"]');
const dialogGone = (page: Page) => page.locator('[role="dialog"]').waitFor({ state: "detached" });
const ago = (minutes: number) => Date.now() * 1000 - minutes * MINUTE_US;

afterEach(() => mock.setRules());

test("old footage asks for a case at the tile, and plays once it was named", async () => {
  await mock.setRules({ case_after_hours: 1 });
  const { page, complaints } = await visit();
  await atDesk(page, mock.base, `/playback?at=${ago(100)}`, ["c113", "c201"]);
  const tile = page.locator('[data-camera="c113"]');
  await page.locator('[data-camera="c113"][data-state="case"]').waitFor();
  await tile.locator('[data-act="ask-case"]').click();
  expect(await submit(page).isDisabled()).toBe(true);
  await page.locator('input[name="case"]').fill("VV-2026-00418");
  await submit(page).click();
  await page.locator('[data-camera="c113"][data-state="frame"]').waitFor();
  await page.locator('[data-camera="c201"][data-state="frame"]').waitFor();
  expect(await page.locator(".purpose").textContent()).toContain("kiểm tra · VV-2026-00418");
  expect(await mock.tokens()).toContainEqual({
    camera: "c113",
    actions: ["playback"],
    purpose: "kiểm tra",
    case: "VV-2026-00418",
  });
  await page.reload();
  await page.locator('[data-camera="c113"][data-state="frame"]').waitFor();
  expect(complaints).toEqual([]);
});

test("listening live asks for a case first, and then is heard", async () => {
  await mock.setRules({ case_for_sound: true });
  const { page, complaints } = await visit();
  await atDesk(page, mock.base, "/live", ["c131"], 1);
  const tile = page.locator('[data-camera="c131"]');
  await page.locator('[data-camera="c131"][data-state="live"]').waitFor();
  await tile.click({ position: { x: 60, y: 60 } });
  await tile.locator('[data-act="sound"]').click();
  await page.locator('[role="dialog"] input[name="case"]').fill("VV-7");
  expect(await tile.locator('[data-act="sound"]').getAttribute("aria-pressed")).toBe("false");
  await submit(page).click();
  await page.locator('[data-camera="c131"] [data-act="sound"][aria-pressed="true"]').waitFor();
  await expect
    .poll(() => mock.tokens())
    .toContainEqual({ camera: "c131", actions: ["live", "sound"], purpose: "kiểm tra", case: "VV-7" });
  expect(complaints).toEqual([]);
});

test("an export that waits for a second person is asked for, approved by them, and made", async () => {
  await mock.setRules({ case_for_export: true, approve_ordinary: true });
  const { page, complaints } = await visit();
  await atDesk(page, mock.base, `/playback?at=${ago(45)}`, ["c113"], 1);
  await page.locator('[data-state="frame"]').first().waitFor();
  await page.keyboard.press("[");
  await page.keyboard.press("e");
  await page.locator('[data-act="export"]').click();
  await page.locator('.field:has(input[name="case"]) .error').waitFor();
  await page.locator('.panel input[name="case"]').fill("VV-9");
  await page.locator('[data-act="export"]').click();
  await page.locator('[data-act="ask-approval"]').click();
  await page.locator('[data-approval="waiting"]').waitFor();

  const other = (await visit()).page;
  await signIn(other, "haibuoc", "hai-buoc-12");
  await other.locator('input[name="code"]').fill("123456");
  await other.locator('button[type="submit"]').click();
  await other.locator("[data-waiting]").waitFor();
  await other.locator('a[href="/inbox"]').click();
  const waits = other.locator('[data-waits="approval"]', { hasText: "VV-9" });
  expect(await waits.textContent()).toContain("Trực ban 02");
  await waits.locator('[data-act="yes"]').click();
  await sure(other).click();
  await waits.waitFor({ state: "detached" });

  await page.locator('[data-approval="approved"]').waitFor();
  const asked = page.waitForRequest((request) => request.url().endsWith("/exports"));
  await page.locator('[data-act="export"]').click();
  expect((await asked).postDataJSON()).toMatchObject({ case: "VV-9", approval: expect.any(String) });
  await page.locator(".ready a").waitFor();
  await page.locator('a[href="/inbox"]').click();
  await page.locator('[data-own="approval"][data-state="approved"]').waitFor();
  expect(complaints).toEqual([]);
});

test("an agreement is drawn up, signed and ended with a reason", async () => {
  const { page, complaints } = await visit();
  await signIn(page);
  await page.locator(".rail").waitFor();
  await page.goto(`${mock.base}/agreements`);
  await page.locator('[data-act="draft"]').click();
  await page.locator('input[name="number"]').fill("12/TT");
  await page.locator('input[name="document"]').fill("Kế hoạch 5/KH");
  await chooseBy(page, "owner", "hoan kiem");
  await chooseBy(page, "recipient", "canh sat giao thong");
  await page.locator('input[name="lent-for"]').fill("điều tiết giao thông");
  await page.locator('input[name="until"]').fill("2027-12-31");
  await submit(page).click();
  const drawn = page.locator('[data-agreement="12/TT"]');
  await drawn.waitFor();
  expect(await drawn.getAttribute("data-state")).toBe("draft");
  await drawn.locator('[data-act="sign"]').click();
  await sure(page).click();
  await drawn.getByText("Trực ban 02 ký").waitFor();

  const theirs = page.locator('[data-agreement="07/TT-CSGT"]');
  await theirs.locator('[data-act="sign"]').click();
  await sure(page).click();
  await page.locator('[data-agreement="07/TT-CSGT"][data-state="in_force"]').waitFor();
  await theirs.locator('[data-act="end"]').click();
  expect(await sure(page).isDisabled()).toBe(true);
  await page.locator('input[name="reason"]').fill("hết đợt cao điểm");
  await sure(page).click();
  await page.locator('[data-agreement="07/TT-CSGT"][data-state="ended"]').waitFor();
  expect(complaints).toEqual([]);
});

test("a right that was given to share is shared on, within it, and taken back", async () => {
  const { page, complaints } = await visit();
  await signIn(page);
  await page.locator('a[href="/grants"]').click();
  await page.locator('[data-grant="g2"] [data-act="share"]').click();
  // No more than the right itself gives.
  expect(await page.locator('[role="dialog"] input[name="export"]').count()).toBe(0);
  await chooseBy(page, "organisation", "cua nam");
  await page.locator('input[name="basis"]').fill("Công văn 9");
  await submit(page).click();
  await dialogGone(page);
  const given = page.locator('[data-origin="grant"]', { hasText: "Công văn 9" });
  expect(await given.textContent()).toContain("chia lại: Phân công 31/PC-CATP");
  await given.locator('[data-act="revoke"]').click();
  await sure(page).click();
  await given.waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test("a set of permissions says how many rights follow it, and a right follows it", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/grants"]').click();
  await page.locator('[data-act="give"]').click();
  await chooseBy(page, "person", "nguyen van moi");
  await page.locator('select[name="permission_set"]').selectOption({ label: "Cán bộ phường" });
  expect(await page.locator('[role="dialog"] input[name="live"]').count()).toBe(0);
  await page.locator('input[name="basis"]').fill("QĐ 3");
  await submit(page).click();
  const row = page.locator("[data-grant]", { hasText: "QĐ 3" });
  await row.waitFor();
  expect(await row.textContent()).toContain("nét nhất 720 dòng");
  await page.locator('a[href="/permission-sets"]').click();
  const set = page.locator('[data-set="ps3"]');
  await set.locator(".num", { hasText: "1" }).waitFor();
  await set.locator('[data-act="change"]').click();
  await page.locator('[role="dialog"]').getByText("1 quyền đã cấp theo bộ này").waitFor();
  await page.locator('[role="dialog"] input[name="playback"]').check();
  await submit(page).click();
  await set.getByText("Trực tiếp, Xem lại").waitFor();
  await set.locator('[data-act="remove"]').click();
  await sure(page).click();
  await page.locator('[role="dialog"]').getByText("Thu hồi các quyền đó trước").waitFor();
  expect(complaints).toEqual([]);
});

test("a group is added, and a person works for a body that they sign for", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/people"]').first().click();
  await page.locator('[data-person="trucban"] [data-act="change"]').click();
  const signs = page.locator('input[name="signatory"]');
  expect(await signs.isDisabled()).toBe(true);
  await chooseBy(page, "organisation", "hoan kiem");
  await signs.check();
  const asked = page.waitForRequest((request) => request.method() === "PATCH");
  await submit(page).click();
  expect((await asked).postDataJSON()).toMatchObject({ organisation: "o2", signatory: true });
  await page.locator('[data-person="trucban"]', { hasText: "được ký thoả thuận" }).waitFor();

  await page.locator('a[href="/groups"]').click();
  await page.locator('[data-act="add"]').click();
  await page.locator('input[name="name"]').fill("Tổ trực đêm");
  await chooseBy(page, "members", "truc ban");
  await submit(page).click();
  const group = page.locator('[data-group="Tổ trực đêm"]');
  expect(await group.textContent()).toContain("Trực ban 02");
  await group.locator('[data-act="remove"]').click();
  await sure(page).click();
  await group.waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test("rules are laid down as another version, and what is wrong is told at its field", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator(".rail").waitFor();
  await page.goto(`${mock.base}/policies`);
  await page.locator('[data-version="1"][data-holds="true"]').waitFor();
  await page.locator('[data-act="next"]').click();
  await page.locator('input[name="basis"]').fill("QĐ 88/QĐ-UBND");
  await page.locator('input[name="emergency_minutes"]').fill("0");
  await submit(page).click();
  await page.locator('.field:has(input[name="emergency_minutes"]) .error').waitFor();
  await page.locator('input[name="emergency_minutes"]').fill("15");
  await submit(page).click();
  const next = page.locator('[data-version="2"][data-holds="true"]');
  await next.waitFor();
  expect(await next.textContent()).toContain("Mở trong 15 phút");
  expect(complaints).toEqual([]);
});

test("a camera is opened in an emergency, says so in red, and is reviewed by an administrator", async () => {
  const { page, complaints } = await visit();
  await atDesk(page, mock.base, "/live", ["c202"], 1);
  await page.locator('[data-camera="c202"] [data-act="emergency"]').click();
  await page.locator('input[name="reason"]').fill("cháy tại sân ga");
  await page.locator('[role="dialog"] [data-act="open"]').click();
  await page.locator('[data-emergency="c202"]', { hasText: "phút" }).waitFor();
  await page.locator('[data-camera="c202"][data-state="live"]').waitFor();

  const admin = (await visit()).page;
  await signIn(admin, "admin", "quan-tri-12");
  await admin.locator('a[href="/inbox"]').click();
  const waits = admin.locator('[data-waits="emergency"]', { hasText: "cháy tại sân ga" });
  await waits.locator('[data-act="yes"]').click();
  expect(await sure(admin).isDisabled()).toBe(true);
  await admin.locator('input[name="note"]').fill("đã xác minh với đơn vị");
  await sure(admin).click();
  await waits.waitFor({ state: "detached" });
  await page.locator('a[href="/inbox"]').click();
  await page.locator('[data-own="emergency"]', { hasText: "chính đáng" }).waitFor();
  expect(complaints).toEqual([]);
});

test("a written request is late in red, decided, answered with a copy, and received", async () => {
  const { page, complaints } = await visit();
  await signIn(page);
  await page.locator(".rail").waitFor();
  await page.goto(`${mock.base}/data-requests`);
  const request = page.locator('[data-request="418/CQĐT"]');
  await request.locator(".stamp.alarm", { hasText: "quá hạn" }).waitFor();
  await page.locator('a[href="/inbox"]').first().click();
  await page.locator('[data-waits="request"] [data-act="yes"]').click();
  await sure(page).click();
  await page.locator('[data-waits="request"]').waitFor({ state: "detached" });
  await page.locator('a[href="/data-requests"]').click();
  await request.locator('[data-act="copies"]').click();
  await page.locator('[role="dialog"] [data-act="make"]').click();
  await page.locator("[data-copy]").nth(1).waitFor();
  await page.locator('[role="dialog"] footer .btn.ghost').click();
  await request.getByText("SHA-256").first().waitFor();
  await request.locator('[data-act="receipt"]').click();
  await page.locator('input[name="received_by"]').fill("Đại uý Nguyễn Văn A");
  await submit(page).click();
  await page.locator('[data-request="418/CQĐT"][data-state="received"]').waitFor();

  await page.locator('[data-act="register"]').click();
  await page.locator('input[name="number"]').fill("9/TA");
  await page.locator('input[name="agency"]').fill("Toà án khu vực 1");
  await page.locator('input[name="legal_basis"]').fill("Điều 97 BLTTDS");
  await page.locator('[role="dialog"] input[name="purpose"]').fill("giải quyết vụ án dân sự");
  await chooseBy(page, "cameras", "113");
  await page.locator('input[name="from"]').fill("06:00");
  await page.locator('input[name="to"]').fill("06:30");
  await submit(page).click();
  await page.locator('[data-request="9/TA"][data-state="registered"]').waitFor();
  expect(complaints).toEqual([]);
});
