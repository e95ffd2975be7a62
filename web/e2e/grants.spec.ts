/** An administrator gives rights and takes them away. */
import { expect, test } from "vitest";
import { chooseBy, signIn, stage } from "./harness";

const { visit } = stage();

test("a right is given for some hours, shown in words, and revoked", async () => {
  const { page, complaints } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/grants"]').click();
  await page.locator("[data-grant]").first().waitFor();
  await page.locator('[data-act="give"]').click();
  const submit = page.locator('[role="dialog"] button[type="submit"]');
  expect(await submit.isDisabled()).toBe(true);
  // Administrators and auditors hold no video: they are not to be chosen.
  await page.locator('input[name="person"]').fill("kiem tra");
  await page.locator('.choices [role="status"]').waitFor();
  await chooseBy(page, "person", "nguyen van moi");
  await page.locator('select[name="scope"]').selectOption("organisation");
  await chooseBy(page, "scope-organisation", "hoan kiem");
  await page.locator('input[name="export"]').uncheck();
  await page.locator('input[name="hours"]').fill("giờ hành chính");
  await page.locator('input[name="until"]').fill("2026-12-31");
  await page.locator('input[name="basis"]').fill("Quyết định 12/QĐ-CA");
  await submit.click();
  // What is wrong is told where it was typed, and nowhere else.
  await page.locator('.field:has(input[name="hours"]) .error', { hasText: "Không đọc được giờ này" }).waitFor();
  expect(await page.locator('[role="dialog"] .note.warnn').count()).toBe(0);
  await page.locator('input[name="hours"]').fill("1-5 07:00-17:30");
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
  await chooseBy(page, "person", "truc ban 02");
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
  await why.getByText("Quyền này cho phép.").first().waitFor();
  expect(await why.getAttribute("data-allowed")).toBe("true");
  await page.keyboard.press("Escape");
  await why.waitFor({ state: "detached" });
  // Why not is asked of whoever holds nothing as well.
  await chooseBy(page, "asked", "nguyen van moi");
  const bare = page.locator('tr[data-person="moi"]');
  await bare.locator('[data-cell="live"]').click();
  await why.getByText("Chưa ai cấp quyền nào có liên quan.").waitFor();
  expect(await why.getAttribute("data-allowed")).toBe("false");
  await page.keyboard.press("Escape");
  await why.waitFor({ state: "detached" });

  // Why not, of pictures that are too fine or too old for what was given; and what the rules ask.
  await page.evaluate(async () => {
    const { csrf } = await (await fetch("/api/v1/session")).json();
    const terms = {
      subject: { kind: "person", id: "u3" },
      scope: { kind: "all" },
      class: "ordinary",
      basis: "Xem lại",
    };
    const bounds = { actions: ["live", "playback"], most_lines: 720, playback_days: 7 };
    await fetch("/api/v1/grants", {
      method: "POST",
      headers: { "content-type": "application/json", "x-khue-csrf": csrf },
      body: JSON.stringify({ ...terms, ...bounds }),
    });
  });
  await bare.locator('[data-cell="playback"]').click();
  await why.getByText("Quyền này cho phép.").waitFor();
  await why.locator("[data-rules]", { hasText: "cũ hơn 24 giờ phải ghi số hồ sơ" }).waitFor();
  await page.locator('select[name="days"]').selectOption("30");
  await why.locator('[data-standing="too_old"]', { hasText: "Không cho xem hình cũ như vậy." }).waitFor();
  expect(await why.getAttribute("data-allowed")).toBe("false");
  await page.locator('select[name="lines"]').selectOption("1080");
  await why.locator('[data-standing="too_fine"]', { hasText: "kém nét hơn" }).waitFor();
  await page.keyboard.press("Escape");
  await why.waitFor({ state: "detached" });

  await page.getByRole("radio", { name: "Xem được gì" }).click();
  await chooseBy(page, "person", "tran thi hai");
  await page.getByText("Lúc này người này không thấy camera nào.").waitFor();
  await chooseBy(page, "person", "trucban");
  await page.locator("tr[data-group]").first().waitFor();
  expect(complaints).toEqual([]);
});
