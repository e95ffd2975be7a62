/**
 * A dev tool: pictures of the screens against the mock server, to look at.
 *
 *   node dev/shots.mjs OUT-DIR [--base http://127.0.0.1:8787] [--only name,…]
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launch } from "../e2e/chromium.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { base: { type: "string", default: "http://127.0.0.1:8787" }, only: { type: "string", default: "" } },
});
const out = positionals[0] ?? "shots";
mkdirSync(out, { recursive: true });
const only = values.only ? values.only.split(",") : null;

const DESK = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
/** The narrowest and lowest phone that is held to. */
const SMALL_PHONE = { width: 360, height: 640 };
/** A desk whose text is twice as large. */
const TWICE = { width: 720, height: 450 };

const browser = await launch();

async function open({
  viewport = DESK,
  theme = "dark",
  language = "vi",
  user = "trucban",
  password = "truc-ban-12",
  disk = WELL,
  ways = {},
  tiles = null,
}) {
  await fetch(`${values.base}/mock/disk`, { method: "PUT", body: JSON.stringify(disk) });
  await fetch(`${values.base}/mock/ways`, { method: "PUT", body: JSON.stringify(ways) });
  await fetch(`${values.base}/mock/rules`, { method: "PUT", body: "{}" });
  const context = await browser.newContext({ viewport, deviceScaleFactor: viewport === DESK ? 1 : 2 });
  const page = await context.newPage();
  page.on("console", (m) => {
    if (["error", "warning"].includes(m.type()) && !m.text().startsWith("Failed to load resource"))
      console.log(`[${m.type()}] ${m.text()}`);
  });
  page.on("pageerror", (e) => console.log(`[pageerror] ${e.stack}`));
  await page.addInitScript(
    ([th, la, ti]) => {
      localStorage.setItem("khue.theme", th);
      localStorage.setItem("khue.language", la);
      if (ti) localStorage.setItem("khue.view.u2", JSON.stringify({ size: ti.length > 1 ? 4 : 1, tiles: ti }));
    },
    [theme, language, tiles],
  );
  await page.goto(values.base);
  if (user) {
    await page.locator('input[name="name"]').fill(user);
    await page.locator('input[name="password"]').fill(password);
    await page.locator('button[type="submit"]').click();
    await page.locator(".rail, .door h1").first().waitFor();
  }
  return { page, context };
}

/** Opens one's own account by the menu. */
async function account(page) {
  await page.locator(".person").click();
  await page
    .getByRole("menuitem")
    .filter({ hasText: /Tài khoản của tôi|My account/ })
    .click();
  await page.locator(".account .card").nth(2).waitFor();
  await page.waitForTimeout(400);
}
async function setPhone(page) {
  await account(page);
  await page.locator('.account [data-act="set"]').click();
  await page.locator("svg.qr").waitFor();
}
/** Is asked once more who one is. */
async function confirm(page) {
  await page.goto(`${values.base}/people`);
  await page.locator('[data-person="kiemtra"]').waitFor();
  await fetch(`${values.base}/mock/confirm`, { method: "PUT", body: "{}" });
  await page.locator('[data-person="kiemtra"] [data-act="reset"]').click();
  await page.locator('[data-act="sure"]').click();
  await page.locator('input[name="confirm"]').waitFor();
}
async function access(page) {
  await page.goto(`${values.base}/people`);
  await page.locator('[data-person="kiemtra"] [data-act="access"]').click();
  await page.locator(".personaccess").waitFor();
  await page.waitForTimeout(400);
}
async function addToken(page) {
  await account(page);
  await page.locator('[data-act="add-token"]').click();
  await page.locator('input[name="token-name"]').fill("Bảng thống kê");
}
async function toldToken(page) {
  await addToken(page);
  await page.locator('input[type="checkbox"]').first().check();
  await page.locator('[data-act="make-token"]').click();
  await page.locator('[data-told="token"]').waitFor();
}
/** Goes to a screen and waits for a part of it. */
const screen = (path, part) => async (page) => {
  await page.goto(`${values.base}${path}`);
  await page.locator(part).first().waitFor();
  await page.waitForTimeout(300);
};
/** Goes to a screen, and presses one of its buttons. */
const pressed = (path, act) => async (page) => {
  await screen(path, `[data-act="${act}"]`)(page);
  await page.locator(`[data-act="${act}"]`).first().click();
  await page.locator('[role="dialog"]').waitFor();
};
/** A screen in four looks: dark at a desk, light in English, and both on a phone. */
const looks = (name, who, act) => ({
  [name]: [who, act],
  [`${name}-light-en`]: [{ ...who, theme: "light", language: "en" }, act],
  [`${name}-phone`]: [{ ...who, viewport: PHONE }, act],
  [`${name}-phone-light-en`]: [{ ...who, viewport: PHONE, theme: "light", language: "en" }, act],
});
async function rules(page, change) {
  await fetch(`${values.base}/mock/rules`, { method: "PUT", body: JSON.stringify(change) });
  return page;
}
/** Footage so old that the rules ask for a case. */
async function caseAsked(page) {
  await rules(page, { case_after_hours: 1 });
  await page.evaluate(() => sessionStorage.setItem("khue.purpose.u2", JSON.stringify("trực ban")));
  await page.goto(`${values.base}/playback?at=${(Date.now() - 100 * 60_000) * 1000}`);
  await page.locator('[data-state="case"]').first().waitFor();
}
async function caseDialog(page) {
  await caseAsked(page);
  await page.locator('[data-act="ask-case"]').first().click();
}
/** An export that waits for a second person. */
async function approvalAsked(page) {
  await chooseByKeys(page);
  await rules(page, { approve_ordinary: true });
  await page.locator('[data-act="export"]').click();
  await page.locator('[data-act="ask-approval"]').waitFor();
  await rules(page, {});
}
const emergencyTile = { tiles: ["c202", "c113"] };
async function emergencyAsked(page) {
  await page.locator('[data-camera="c202"] [data-act="emergency"]').click();
  await page.locator('input[name="reason"]').fill("cháy tại sân ga 1");
}
async function emergencyOpen(page) {
  await page.locator('[data-camera="c202"] [data-act="emergency"], [data-emergency="c202"]').first().waitFor();
  if ((await page.locator('[data-camera="c202"] [data-act="emergency"]').count()) > 0) {
    await emergencyAsked(page);
    await page.locator('[data-act="open"]').click();
  }
  await page.locator('[data-emergency="c202"]').waitFor();
  await pictures(page, 2);
}
const twoSteps = { user: "haibuoc", password: "hai-buoc-12" };
const owing = { user: "chuadat", password: "chua-dat-12" };

const WELL = { full: false, unreadable_files: 0 };
const FULL = { full: true, unreadable_files: 3 };
const auditor = { user: "kiemtra", password: "kiem-tra-12" };
const admin = { user: "admin", password: "quan-tri-12" };
/** Waits until so many tiles show a picture. */
async function pictures(page, count, state = "live") {
  await page
    .locator(`[data-state="${state}"]`)
    .nth(count - 1)
    .waitFor({ timeout: 30_000 });
}
/** The figures of each tile, one picture of which is late and one missing. */
async function figures(page) {
  await pictures(page, 2);
  await page.keyboard.press("Control+i");
  await page.waitForTimeout(2500);
}
/** The figures of one tile, by its own button. */
async function measure(page) {
  await pictures(page, 2);
  await page.locator('[data-tile="1"] [data-act="measure"]').click();
  await page.locator('[data-tile="1"] .diag').waitFor();
}
async function lookBack(page, minutes) {
  await page.evaluate(() => sessionStorage.setItem("khue.purpose.u2", JSON.stringify("xác minh vụ VV-2026-00418")));
  const at = (Date.now() - minutes * 60_000) * 1000;
  await page.goto(`${values.base}/playback?at=${at}`);
  await page.locator("[data-wall-us]").first().waitFor({ timeout: 30_000 });
}
/** Chooses a stretch at the cursor, as a thumb does it. */
async function choose(page) {
  await page.locator("[data-act=select]").click();
  const line = await page.locator(".tlbody").boundingBox();
  await page.mouse.click(line.x + line.width * 0.85, line.y + 40);
  await page.locator("[data-act=to]").click();
}
async function chooseByKeys(page) {
  await lookBack(page, 60);
  await page.keyboard.press("[");
  await page.keyboard.press(" ");
  await page.waitForTimeout(2500);
  await page.keyboard.press(" ");
  await page.keyboard.press("]");
  await page.keyboard.press("e");
  await page.waitForTimeout(400);
}
async function hold(page) {
  await page.evaluate(async () => {
    const { csrf } = await (await fetch("/api/v1/session")).json();
    const from_us = (Date.now() - 45 * 60_000) * 1000;
    const body = { camera: "c113", from_us, to_us: from_us + 90e6, reason: "xác minh vụ VV-2026-00418" };
    await fetch("/api/v1/holds", {
      method: "POST",
      headers: { "content-type": "application/json", "x-khue-csrf": csrf },
      body: JSON.stringify(body),
    });
  });
  await page.goto(`${values.base}/holds`);
  await page.locator("tbody tr").first().waitFor();
}
/** A device tells what it is: one whose clock is off, or a recorder of four channels. */
const surveyed = (address) => async (page) => {
  await page.locator("[data-act=add]").click();
  await page.locator(".finding summary").click();
  await page.locator("[data-act=find]").click();
  await page.locator("[data-endpoint]").first().waitFor();
  await page.locator('input[name="url"]').fill(address);
  await page.locator("[data-act=probe]").click();
  await page.locator("[data-channel]").first().waitFor();
  if ((await page.locator("[data-channel]").count()) > 1) await page.locator('[data-channel="2"]').click();
  await page.locator(".device summary").click();
  await page.locator(".okn").waitFor();
  await page.locator(".device").scrollIntoViewIfNeeded();
};
async function tryCamera(page) {
  await page.locator("[data-act=add]").click();
  await page.locator('input[name="url"]').fill("rtsp://192.168.10.3/main");
  await page.locator("[data-act=probe]").click();
  await page.locator(":is(.panel.r, .dlg) :is(.error, .note)").first().waitFor();
}

/** Cameras of both codings, one of which needs the server to convert, and one is heard. */
const MIXED = ["c131", "c211", "c212", "c213"];
async function listen(page) {
  await pictures(page, 4);
  await page.locator('[data-camera="c131"] [data-act="sound"]').click();
  await page.keyboard.press("Control+i");
  await page.waitForTimeout(4000);
}
async function zoomIn(page) {
  await pictures(page, 1);
  const box = await page.locator('[data-tile="1"]').boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5);
  for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -150);
  await page.keyboard.press("z");
  await page.waitForTimeout(1500);
}
async function replay(page) {
  await page.evaluate(() => sessionStorage.setItem("khue.purpose.u2", JSON.stringify("xác minh vụ VV-2026-00418")));
  await page.reload();
  await pictures(page, 1);
  await page.locator('[data-tile="1"]').click({ position: { x: 80, y: 80 } });
  await page.locator('[data-tile="1"] [data-act="replay"]').click();
  await page.locator('[data-tile="1"][data-state="replay"]').waitFor();
  await page.waitForTimeout(2500);
}
async function more(page) {
  await pictures(page, 1);
  await page.locator('[data-tile="1"]').click({ position: { x: 80, y: 80 } });
  await page.locator('[data-tile="1"] [data-act="more"]').click();
  await page.locator(".pop").waitFor();
}
async function rtspOut(page) {
  await more(page);
  await page.locator('[role="menuitem"]').last().click();
  for (const label of ["Màn hình phòng họp", "Đầu ghi dự phòng"]) {
    await page.locator('input[name="label"]').fill(label);
    await page.locator('[data-act="make-secret"]').click();
    await page.locator(".rtsprow", { hasText: label }).waitFor();
  }
  await page.locator('[data-act="ask-revoke"]').first().click();
}
async function hover(page) {
  await lookBack(page, 45);
  await page.locator(".strip img").nth(4).waitFor();
  const line = await page.locator(".tlbody").boundingBox();
  await page.mouse.move(line.x + line.width * 0.4, line.y + 40);
  await page.locator(".hoverthumb").waitFor();
  await page.waitForTimeout(800);
}
async function changeCamera(page) {
  await page.locator('[data-camera-row="c131"] .acts .btn').first().click();
  await page.locator('input[name="sound"]').scrollIntoViewIfNeeded();
}

/** The audit, narrowed to a person, with the details of an entry. */
async function readAudit(page) {
  await page.locator('[data-act="camera"] summary').first().click();
  await page.locator("tbody .link").first().click();
  await page.locator(".auditfilter .chip").waitFor();
  await page.waitForTimeout(500);
}

async function people(page) {
  await page.locator('a[href="/people"]').click();
  await page.locator("[data-person]").first().waitFor();
}
async function addPerson(page) {
  await people(page);
  await page.locator('[data-act="add"]').click();
  await page.locator('input[name="name"]').fill(`hong.${Date.now()}`);
  await page.locator('input[name="display_name"]').fill("Nguyễn Thị Hồng");
}
async function toldPerson(page) {
  await addPerson(page);
  await page.locator('[role="dialog"] button[type="submit"]').click();
  await page.locator(".told").waitFor();
}

/** Who can do what with a camera. */
async function heldCamera(page) {
  await grants(page);
  await page.getByRole("radio").nth(1).click();
  await page.locator("tr[data-person]").first().waitFor();
}

/** What a person can do. */
async function heldPerson(page) {
  await grants(page);
  await page.getByRole("radio").nth(2).click();
  await page.locator("tr[data-group]").first().waitFor();
}

/** Why somebody may. */
async function heldWhy(page) {
  await heldCamera(page);
  await page.locator('tr[data-person="trucban"] [data-cell="live"]').click();
  await page.locator(".why").waitFor();
}

async function organisations(page) {
  await page.locator('a[href^="/organisations"]').click();
  await page.locator("[data-body]").first().waitFor();
}
/** One that goes on, with its sites. */
async function organisation(page, id = "o2") {
  await organisations(page);
  await page.locator(`[data-body="${id}"]`).click();
  await page.locator(".bodysites").waitFor();
}
/** One that has ended, found by a word without marks. */
async function pastOrganisation(page) {
  await organisations(page);
  await page.locator('input[name="find"]').fill("hoan kiem");
  await page.locator('[data-act="show-ended"]').click();
  await page.locator('[data-body="o6"]').click();
  await page.locator("[data-ended]").waitFor();
}
async function inOrganisation(page, act) {
  await organisation(page);
  await page.locator(`[data-act="${act}"]`).first().click();
  await page.locator(".placeform").waitFor();
}
async function endOrganisation(page) {
  await inOrganisation(page, "end-body");
  await page.locator('input[name="successors"]').fill("cua nam");
  await page.locator('[role="option"]').first().click();
}
/** The cameras, narrowed. */
async function filterCameras(page) {
  await page.locator("tbody tr").first().waitFor();
  const more = page.locator('[data-act="filters"]');
  if (await more.isVisible()) await more.click();
  await page.locator('input[name="organisation"]').fill("cua nam");
  await page.locator('[role="option"]').first().click();
  await page.locator('[data-total="6"]').waitFor();
  await page.locator('input[name="ward"]').click();
  await page.locator('[role="option"]').nth(2).waitFor();
}
/** A table that is looked through: with faults, or without. */
async function importTable(page, isGood) {
  await page.locator('[data-act="import"]').click();
  const choosing = page.waitForEvent("filechooser");
  await page.locator('[data-act="choose-file"]').click();
  const rows = isGood
    ? ["901;Cổng phụ;Ga Hà Nội;rtsp://192.168.10.90/main", ";Lối sau;Chợ Đồng Xuân;rtsp://192.168.10.91/main"]
    : [
        "902;Cổng phụ;Ga Hà Nội;rtsp://192.168.10.90/main",
        "113;Lối sau;Chợ Đồng Xuân;rtsp://192.168.10.91/main",
        "903;Sân sau;Ga Giáp Bát;rtsp://192.168.10.92/main",
        "904;;Ga Hà Nội;http://192.168.10.93/main",
      ];
  const buffer = Buffer.from(["Số;Tên;Địa điểm;Địa chỉ luồng chính", ...rows].join("\n"));
  await (await choosing).setFiles({ name: "camera phường Cửa Nam.csv", mimeType: "text/csv", buffer });
  await page.locator("[data-result]").waitFor();
}
async function exportTable(page) {
  await page.locator('[data-act="export"]').click();
  await page.locator(".pop").waitFor();
}
async function particulars(page) {
  await page.locator('[data-camera-row="c202"] .acts .btn').first().click();
  await page.locator("details.more summary").click();
  await page.locator('input[name="heading_deg"]').fill("400");
  await page.locator('input[name="operator"]').click();
  await page.locator('[role="option"]').nth(3).waitFor();
}
async function wrongHours(page) {
  await giveGrant(page);
  await page.locator('input[name="hours"]').fill("sáng");
  await page.locator('input[name="basis"]').fill("Quyết định 12/QĐ-CA");
  await page.locator('[role="dialog"] button[type="submit"]').click();
  await page.locator(".field .error").waitFor();
}

async function grants(page) {
  await page.locator('a[href="/grants"]').click();
  await page.locator("[data-grant]").first().waitFor();
}
async function giveGrant(page) {
  await grants(page);
  await page.locator('[data-act="give"]').click();
  await page.locator('select[name="person"]').selectOption({ index: 1 });
}

const shots = {
  account: [{}, account],
  "account-light-en": [{ theme: "light", language: "en" }, account],
  "account-phone": [{ viewport: SMALL_PHONE }, account],
  "account-token": [admin, addToken],
  "account-token-phone-light-en": [{ viewport: PHONE, theme: "light", language: "en" }, addToken],
  "account-token-told-light": [{ theme: "light" }, toldToken],
  "account-set": [{}, setPhone],
  "account-set-phone-light-en": [{ viewport: PHONE, theme: "light", language: "en" }, setPhone],
  "account-must-set": [owing, async (page) => page.locator("svg.qr").waitFor()],
  "account-must-set-phone-light": [
    { ...owing, viewport: SMALL_PHONE, theme: "light" },
    async (page) => page.locator("svg.qr").waitFor(),
  ],
  "sign-in-code": [twoSteps, async () => undefined],
  "sign-in-code-phone-light-en": [
    { ...twoSteps, viewport: PHONE, theme: "light", language: "en" },
    async () => undefined,
  ],
  confirm: [admin, confirm],
  "confirm-phone-light-en": [{ ...admin, viewport: PHONE, theme: "light", language: "en" }, confirm],
  "people-access": [admin, access],
  "people-access-phone-light-en": [{ ...admin, viewport: PHONE, theme: "light", language: "en" }, access],
  people: [admin, people],
  "people-phone-light-en": [{ ...admin, viewport: SMALL_PHONE, theme: "light", language: "en" }, people],
  "people-add": [admin, addPerson],
  "people-told-light-en": [{ ...admin, theme: "light", language: "en" }, toldPerson],
  "people-told-phone": [{ ...admin, viewport: PHONE }, toldPerson],
  grants: [admin, grants],
  "grants-phone-light-en": [{ ...admin, viewport: SMALL_PHONE, theme: "light", language: "en" }, grants],
  "grants-camera": [admin, heldCamera],
  "grants-camera-phone-light-en": [{ ...admin, viewport: SMALL_PHONE, theme: "light", language: "en" }, heldCamera],
  "grants-person": [admin, heldPerson],
  "grants-person-phone-light-en": [{ ...admin, viewport: SMALL_PHONE, theme: "light", language: "en" }, heldPerson],
  "grants-why-light-en": [{ ...admin, theme: "light", language: "en" }, heldWhy],
  "grants-give": [admin, giveGrant],
  "grants-give-phone-light-en": [{ ...admin, viewport: SMALL_PHONE, theme: "light", language: "en" }, giveGrant],
  audit: [auditor, readAudit],
  "audit-light-en": [{ ...auditor, theme: "light", language: "en" }, readAudit],
  "audit-phone": [{ ...auditor, viewport: SMALL_PHONE }, readAudit],
  "audit-phone-light-en": [{ ...auditor, viewport: PHONE, theme: "light", language: "en" }, readAudit],
  organisations: [admin, organisations],
  "organisations-light-en": [{ ...admin, theme: "light", language: "en" }, organisation],
  "organisations-phone": [{ ...admin, viewport: PHONE }, organisations],
  "organisations-operator-phone-light-en": [{ viewport: SMALL_PHONE, theme: "light", language: "en" }, organisation],
  organisation: [admin, organisation],
  "organisation-phone-light": [{ ...admin, viewport: PHONE, theme: "light" }, organisation],
  "organisation-past": [admin, pastOrganisation],
  "organisation-past-phone-light-en": [{ ...admin, viewport: PHONE, theme: "light", language: "en" }, pastOrganisation],
  "organisation-change": [admin, async (page) => inOrganisation(page, "change-body")],
  "organisation-move-light-en": [
    { ...admin, theme: "light", language: "en" },
    async (page) => inOrganisation(page, "move-body"),
  ],
  "organisation-end": [admin, endOrganisation],
  "organisation-end-phone-light-en": [{ ...admin, viewport: PHONE, theme: "light", language: "en" }, endOrganisation],
  "site-change": [admin, async (page) => inOrganisation(page, "change-site")],
  "site-change-phone-light-en": [
    { ...admin, viewport: PHONE, theme: "light", language: "en" },
    async (page) => inOrganisation(page, "change-site"),
  ],
  "cameras-filter": [admin, filterCameras],
  "cameras-filter-light-en": [{ ...admin, theme: "light", language: "en" }, filterCameras],
  "cameras-filter-phone": [{ ...admin, viewport: PHONE }, filterCameras],
  "cameras-export-light": [{ ...admin, theme: "light" }, exportTable],
  "import-bad": [admin, async (page) => importTable(page, false)],
  "import-bad-light-en": [{ ...admin, theme: "light", language: "en" }, async (page) => importTable(page, false)],
  "import-bad-phone": [{ ...admin, viewport: PHONE }, async (page) => importTable(page, false)],
  "import-good-light": [{ ...admin, theme: "light" }, async (page) => importTable(page, true)],
  import: [admin, async (page) => page.locator('[data-act="import"]').click()],
  "camera-particulars": [admin, particulars],
  "camera-particulars-phone-light-en": [{ ...admin, viewport: PHONE, theme: "light", language: "en" }, particulars],
  "grants-hours": [admin, wrongHours],
  "live-sound": [{ tiles: MIXED }, listen],
  "live-sound-light-en": [{ tiles: MIXED, theme: "light", language: "en" }, listen],
  "live-sound-phone": [{ tiles: MIXED, viewport: PHONE }, async (page) => pictures(page, 2)],
  "live-busy": [{ tiles: MIXED, ways: { convert: "busy" } }, async (page) => pictures(page, 2)],
  "live-busy-phone-light-en": [
    { tiles: ["c212", "c131"], viewport: SMALL_PHONE, theme: "light", language: "en", ways: { convert: "busy" } },
    async (page) => page.locator('[data-state="busy"]').first().waitFor(),
  ],
  "live-no-worker-light-en": [
    { tiles: MIXED, theme: "light", language: "en", ways: { worker: false } },
    async (page) => pictures(page, 2),
  ],
  "live-zoom": [{ tiles: ["c113", "c131"] }, zoomIn],
  "live-zoom-light-en": [{ tiles: ["c113", "c131"], theme: "light", language: "en" }, zoomIn],
  "live-replay": [{ tiles: ["c113", "c131"] }, replay],
  "live-replay-phone-light-en": [
    { tiles: ["c113", "c131"], viewport: SMALL_PHONE, theme: "light", language: "en" },
    replay,
  ],
  "live-more": [{ tiles: ["c113", "c131"] }, more],
  "live-more-phone-light-en": [{ tiles: ["c113"], viewport: SMALL_PHONE, theme: "light", language: "en" }, more],
  "rtsp-out": [{ tiles: ["c113", "c131"] }, rtspOut],
  "rtsp-out-phone": [{ tiles: ["c113", "c131"], viewport: SMALL_PHONE }, rtspOut],
  "rtsp-out-light-en": [{ tiles: ["c131"], theme: "light", language: "en" }, rtspOut],
  "playback-thumbs": [{ tiles: ["c113", "c131"] }, hover],
  "playback-thumbs-light-en": [{ tiles: ["c113", "c131"], theme: "light", language: "en" }, hover],
  "camera-change": [admin, changeCamera],
  "camera-change-light-en": [{ ...admin, theme: "light", language: "en" }, changeCamera],
  "camera-change-phone": [{ ...admin, viewport: PHONE }, changeCamera],
  "sign-in": [{ user: null }, async () => undefined],
  "sign-in-light-en": [{ user: null, theme: "light", language: "en" }, async () => undefined],
  "sign-in-wrong-phone": [{ viewport: PHONE, password: "sai" }, async (page) => page.locator(".warnn").waitFor()],
  password: [{ user: "moi", password: "mot-lan" }, async (page) => page.locator("h1").waitFor()],
  "password-phone-light-en": [
    { user: "moi", password: "mot-lan", viewport: PHONE, theme: "light", language: "en" },
    async (page) => page.locator("h1").waitFor(),
  ],
  live: [{}, async (page) => pictures(page, 3)],
  "live-light-en": [{ theme: "light", language: "en" }, async (page) => pictures(page, 3)],
  "live-expanded": [
    {},
    async (page) => {
      await pictures(page, 3);
      await page.locator('[data-tile="1"]').dblclick({ position: { x: 200, y: 150 } });
      await page.locator('[data-tile="1"][data-role="main"][data-state="live"]').waitFor();
      await page.keyboard.press("Control+i");
      await page.waitForTimeout(2500);
    },
  ],
  "live-figures": [{}, figures],
  "live-figures-light-en": [{ theme: "light", language: "en" }, figures],
  "live-figures-phone": [{ viewport: PHONE }, figures],
  "live-figures-small-phone-light-en": [{ viewport: SMALL_PHONE, theme: "light", language: "en" }, figures],
  "live-16": [
    {},
    async (page) => {
      await pictures(page, 3);
      await page.keyboard.press("Shift+Digit4");
      await page.locator('[data-tile="16"]').waitFor();
      await pictures(page, 3);
    },
  ],
  "live-phone": [{ viewport: PHONE }, async (page) => pictures(page, 2)],
  "live-tree-phone": [
    { viewport: PHONE },
    async (page) => {
      await page.locator(".centre .ph .btn").first().click();
      await page.locator(".dlg .tr").first().waitFor();
    },
  ],
  "live-phone-light-en": [{ viewport: PHONE, theme: "light", language: "en" }, async (page) => pictures(page, 2)],
  "live-full": [{ disk: FULL }, async (page) => pictures(page, 3)],
  "live-full-light-en": [{ disk: FULL, theme: "light", language: "en" }, async (page) => pictures(page, 3)],
  "live-full-phone": [{ disk: FULL, viewport: PHONE }, async (page) => pictures(page, 2)],
  "live-full-small-phone-light-en": [
    { disk: FULL, viewport: SMALL_PHONE, theme: "light", language: "en" },
    async (page) => pictures(page, 1),
  ],
  "live-measured": [{}, measure],
  "live-measured-phone-light-en": [{ viewport: PHONE, theme: "light", language: "en" }, measure],
  "cameras-full": [{ ...admin, disk: FULL }, async (page) => page.locator("tbody tr").first().waitFor()],
  "cameras-full-phone": [
    { ...admin, disk: FULL, viewport: PHONE },
    async (page) => page.locator("tbody tr").first().waitFor(),
  ],
  "cameras-full-small-phone-light-en": [
    { ...admin, disk: FULL, viewport: SMALL_PHONE, theme: "light", language: "en" },
    async (page) => page.locator("tbody tr").first().waitFor(),
  ],
  "cameras-full-light-en": [
    { ...admin, disk: FULL, theme: "light", language: "en" },
    async (page) => page.locator("tbody tr").first().waitFor(),
  ],
  keys: [{}, async (page) => page.keyboard.press("?")],
  "keys-light-en": [{ theme: "light", language: "en" }, async (page) => page.keyboard.press("?")],
  purpose: [{}, async (page) => page.locator(".purpose").click()],
  "purpose-phone-light-en": [
    { viewport: SMALL_PHONE, theme: "light", language: "en" },
    async (page) => page.locator(".purpose").click(),
  ],
  playback: [{}, async (page) => lookBack(page, 45)],
  "playback-light-en": [{ theme: "light", language: "en" }, async (page) => lookBack(page, 45)],
  "playback-gap": [
    {},
    async (page) => {
      await lookBack(page, 39);
      await page.locator('[data-state="gap"]').first().waitFor();
    },
  ],
  "playback-export": [{}, chooseByKeys],
  "playback-export-light-en": [{ theme: "light", language: "en" }, chooseByKeys],
  "playback-phone": [{ viewport: PHONE }, async (page) => lookBack(page, 45)],
  "playback-small-phone-light-en": [
    { viewport: SMALL_PHONE, theme: "light", language: "en" },
    async (page) => lookBack(page, 45),
  ],
  "playback-phone-selection": [
    { viewport: PHONE },
    async (page) => {
      await lookBack(page, 45);
      await choose(page);
    },
  ],
  "playback-small-phone-selection-light-en": [
    { viewport: SMALL_PHONE, theme: "light", language: "en" },
    async (page) => {
      await lookBack(page, 45);
      await choose(page);
    },
  ],
  "playback-phone-speed": [
    { viewport: PHONE },
    async (page) => {
      await lookBack(page, 45);
      await page.locator(".tlrow .btn").filter({ hasText: "1×" }).click();
      await page.locator(".pop").waitFor();
    },
  ],
  "playback-phone-goto": [
    { viewport: PHONE },
    async (page) => {
      await lookBack(page, 45);
      await page.locator('input[name="goto"]').click();
    },
  ],
  "playback-phone-export": [
    { viewport: PHONE },
    async (page) => {
      await lookBack(page, 45);
      await choose(page);
      await page.locator("[data-act=take]").click();
      await page.locator("[data-act=export]").click();
      await page.locator(".ready").waitFor();
    },
  ],
  "playback-phone-export-light-en": [
    { viewport: PHONE, theme: "light", language: "en" },
    async (page) => {
      await lookBack(page, 45);
      await choose(page);
      await page.locator("[data-act=take]").click();
    },
  ],
  "playback-twice": [{ viewport: TWICE }, async (page) => lookBack(page, 45)],
  "live-twice-light-en": [{ viewport: TWICE, theme: "light", language: "en" }, async (page) => pictures(page, 1)],
  "purpose-phone": [{ viewport: PHONE }, async (page) => page.locator(".purpose").click()],
  "keys-twice": [{ viewport: TWICE }, async (page) => page.keyboard.press("?")],
  cameras: [admin, async (page) => page.locator("tbody tr").first().waitFor()],
  "cameras-light-en": [
    { ...admin, theme: "light", language: "en" },
    async (page) => page.locator("tbody tr").first().waitFor(),
  ],
  "camera-device": [admin, surveyed("192.168.10.9")],
  "camera-device-light-en": [{ ...admin, theme: "light", language: "en" }, surveyed("192.168.10.8")],
  "camera-device-phone": [{ ...admin, viewport: PHONE }, surveyed("192.168.10.8")],
  "camera-device-phone-light-en": [
    { ...admin, viewport: SMALL_PHONE, theme: "light", language: "en" },
    surveyed("192.168.10.9"),
  ],
  "camera-add": [admin, tryCamera],
  "camera-add-light-en": [{ ...admin, theme: "light", language: "en" }, tryCamera],
  "camera-add-phone": [{ ...admin, viewport: PHONE }, tryCamera],
  "camera-add-phone-light-en": [{ ...admin, viewport: SMALL_PHONE, theme: "light", language: "en" }, tryCamera],
  "camera-add-twice": [{ ...admin, viewport: TWICE }, tryCamera],
  "cameras-phone": [{ ...admin, viewport: PHONE }, async (page) => page.locator("tbody tr").first().waitFor()],
  "cameras-small-phone-light-en": [
    { ...admin, viewport: SMALL_PHONE, theme: "light", language: "en" },
    async (page) => page.locator("tbody tr").first().waitFor(),
  ],
  "cameras-twice": [{ ...admin, viewport: TWICE }, async (page) => page.locator("tbody tr").first().waitFor()],
  "holds-none": [{}, async (page) => page.goto(`${values.base}/holds`)],
  holds: [{}, hold],
  "holds-light-en": [{ theme: "light", language: "en" }, hold],
  "holds-phone": [{ viewport: PHONE }, hold],
  "holds-small-phone-light-en": [{ viewport: SMALL_PHONE, theme: "light", language: "en" }, hold],
  ...looks("inbox", {}, screen("/inbox", "[data-waits]")),
  ...looks("agreements", {}, screen("/agreements", "[data-agreement]")),
  ...looks("agreement-draft", {}, pressed("/agreements", "draft")),
  ...looks("agreement-sign", {}, pressed("/agreements", "sign")),
  ...looks("grants-own", {}, screen("/grants", "[data-grant]")),
  ...looks("grants-share", {}, pressed("/grants", "share")),
  ...looks("permission-sets", admin, screen("/permission-sets", "[data-set]")),
  ...looks("permission-set-change", admin, pressed("/permission-sets", "change")),
  ...looks("groups", admin, screen("/groups", "[data-group]")),
  ...looks("group-change", admin, pressed("/groups", "change")),
  ...looks("person-add", admin, pressed("/people", "add")),
  ...looks("rules", admin, screen("/policies", "[data-version]")),
  ...looks("rules-next", admin, pressed("/policies", "next")),
  ...looks("data-requests", {}, screen("/data-requests", "[data-request]")),
  ...looks("data-request-register", {}, pressed("/data-requests", "register")),
  ...looks("case-asked", {}, caseAsked),
  ...looks("case-dialog", {}, caseDialog),
  ...looks("approval-asked", {}, approvalAsked),
  ...looks("emergency-ask", emergencyTile, emergencyAsked),
  ...looks("emergency-open", emergencyTile, emergencyOpen),
};

for (const [name, [how, act]] of Object.entries(shots)) {
  if (only && !only.includes(name)) continue;
  const { page, context } = await open(how);
  try {
    await act(page);
    await page.waitForTimeout(700);
  } catch (error) {
    console.log(`${name}: ${error.message.split("\n")[0]}`);
  }
  await page.screenshot({ path: join(out, `${name}.png`) });
  await context.close();
  console.log(name);
}
await browser.close();
