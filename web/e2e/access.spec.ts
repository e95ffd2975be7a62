/** Every screen, by axe: what those who do not see, or see little, can work with. */
import type { RunOnly } from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { atDesk, hold, signIn, stage, violations } from "./harness";

const { mock, visit } = stage();

const SIZES: Look[] = [
  { name: "desk", viewport: { width: 1440, height: 900 } },
  { name: "phone", viewport: { width: 390, height: 844 } },
];
const LOOKS = ["dark", "light"].flatMap((theme) => SIZES.map((size) => ({ theme, ...size })));
interface Look {
  name: string;
  viewport: { width: number; height: number };
  /** The theme that was chosen on an earlier visit. */
  theme?: string;
}

/** Opens the page as it looks to some; what moves would be judged half transparent. */
async function open({ viewport, theme }: Look): Promise<Page> {
  const { page } = await visit({
    viewport,
    reducedMotion: "reduce",
    ...(theme && { remembered: { "khue.theme": theme } }),
  });
  await page.locator('input[name="name"]').waitFor();
  return page;
}

const ALL: RunOnly = {
  type: "tag",
  values: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
};
const COLOURS: RunOnly = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

/** Judges what a page shows: in the theme that was chosen, or in both, one after the other, where none was. */
async function check(page: Page, screen: string): Promise<void> {
  const themes = await page.evaluate(() => (localStorage.getItem("khue.theme") === null ? ["dark", "light"] : []));
  const judge = async (look: string, what: RunOnly) => {
    const found = await violations(page, what);
    expect(found.map((one) => `${screen}, ${look}: ${one}`)).toEqual([]);
  };
  if (themes.length === 0) return await judge("as chosen", ALL);
  for (const theme of themes) {
    // As `setTheme` does; the screens behind the door say nowhere but in a menu which it is.
    await page.evaluate((theme) => document.documentElement.setAttribute("data-theme", theme), theme);
    // Another theme is other colours, and nothing else.
    await judge(theme, theme === themes[0] ? ALL : COLOURS);
  }
}

test.for(LOOKS)("the door holds to WCAG 2.2 AA, $theme, on a $name", async (look) => {
  const page = await open(look);
  await check(page, "sign-in");
  await signIn(page, "trucban", "sai");
  await page.locator(".warnn").waitFor();
  await check(page, "sign-in refused");
  await signIn(page, "moi", "mot-lan");
  await page.locator('input[name="new"]').fill("cau dai de nho 26");
  await page.locator('input[name="again"]').fill("cau");
  await page.locator(".field .error").waitFor();
  await check(page, "choose a password");
});

test.for(SIZES)("the operator's screens hold to WCAG 2.2 AA, in both themes, on a $name", async (look) => {
  const page = await open(look);
  await atDesk(page, mock.base, "/live", ["c113", "c114", "c115"], 4);
  await page.locator('[data-camera="c115"][data-state="no_data"]').waitFor();
  await check(page, "live");
  await page.locator(".purpose").click();
  await page.locator('[role="dialog"]').waitFor();
  await check(page, "purpose");
  await page.keyboard.press("Escape");
  if (look.name === "phone") {
    await page.locator(".centre > .ph .btn").first().click();
    await page.locator('[role="dialog"] [role="tree"]').waitFor();
    await check(page, "cameras to choose");
  } else {
    await page.keyboard.press("?");
    await page.locator('[role="dialog"] .keys').first().waitFor();
    await check(page, "keys");
  }
  await page.goto(`${mock.base}/playback?at=${(Date.now() - 45 * 60_000) * 1000}`);
  await page.locator('[data-state="frame"]').first().waitFor();
  await check(page, "playback");
  if (look.name === "phone") {
    await page.locator('[data-act="select"]').click();
    await check(page, "selection");
    await page.locator('[data-act="take"]').click();
  } else {
    await page.keyboard.press("[");
    await page.keyboard.press("e");
  }
  await page.locator('[data-act="export"]').click();
  await page.locator(".ready").waitFor();
  await check(page, "export");
  await hold(page);
  await page.goto(`${mock.base}/holds`);
  await page.locator("tbody tr").first().waitFor();
  await check(page, "holds");
  await page.locator("tbody .btn").first().click();
  await page.locator('[role="dialog"]').waitFor();
  await check(page, "letting go of a hold");
});

test.for(SIZES)(
  "the screens of people and of organisations hold to WCAG 2.2 AA, in both themes, on a $name",
  async (look) => {
    const page = await open(look);
    await signIn(page, "admin", "quan-tri-12");
    await page.locator('a[href="/people"]').click();
    await page.locator("[data-person]").first().waitFor();
    await check(page, "people");
    await page.locator('[data-act="add"]').click();
    await page.locator('[role="dialog"]').waitFor();
    await check(page, "adding a person");
    await page.locator('input[name="name"]').fill(look.name);
    await page.locator('input[name="display_name"]').fill("Lê Văn Mới");
    await page.locator('[role="dialog"] button[type="submit"]').click();
    await page.locator(".told").waitFor();
    await check(page, "what is told once");
    await page.locator('[role="dialog"] footer .btn').click();
    await page.locator('a[href="/organisations"]').click();
    // People have a field of that name as well.
    await page.locator("[data-body]").first().waitFor();
    await page.locator('input[name="find"]').fill("hoan kiem");
    await page.locator('[data-act="show-ended"]').click();
    await page.locator('[data-body="o6"]').waitFor();
    // On a phone what is chosen lies over the tree.
    if (look.name === "phone") await check(page, "organisations");
    await page.locator('[data-body="o2"]').click();
    await page.locator("[data-site]").first().waitFor();
    await check(page, "an organisation");
    if (look.name === "phone") {
      await page.locator('[data-act="change-site"]').first().click();
      await page.locator('input[name="latitude"]').fill("95");
      await page.locator(".field .error").first().waitFor();
      await check(page, "changing a site");
    } else {
      await page.locator('[data-act="end-body"]').click();
      await page.locator('input[name="successors"]').fill("cua nam");
      await page.locator('[role="option"]').first().waitFor();
      await check(page, "ending an organisation");
    }
  },
);

test.for(SIZES)("the screens of rights hold to WCAG 2.2 AA, in both themes, on a $name", async (look) => {
  const page = await open(look);
  await signIn(page, "admin", "quan-tri-12");
  await page.locator('a[href="/grants"]').click();
  await page.locator("[data-grant]").first().waitFor();
  await check(page, "what was given");
  await page.getByRole("radio").nth(1).click();
  await page.locator("tr[data-person]").first().waitFor();
  await check(page, "who can see a camera");
  await page.locator("tr[data-person] button").first().click();
  await page.locator(".why li, .why p").first().waitFor();
  await check(page, "why somebody may");
  await page.keyboard.press("Escape");
  await page.getByRole("radio").nth(2).click();
  await page.locator("tr[data-group]").first().waitFor();
  await check(page, "what a person can see");
  await page.locator('[data-act="give"]').click();
  await page.locator('[role="dialog"]').waitFor();
  await check(page, "giving a right");
});

test.for(SIZES)("one's own account holds to WCAG 2.2 AA, in both themes, on a $name", async (look) => {
  const page = await open(look);
  await signIn(page, "trucban", "truc-ban-12");
  await page.locator(".rail").waitFor();
  await page.goto(new URL("/account", page.url()).href);
  await page.locator("[data-device]").first().waitFor();
  await check(page, "one's own account");
});

test.for(SIZES)("the auditor's screen holds to WCAG 2.2 AA, in both themes, on a $name", async (look) => {
  const page = await open(look);
  await signIn(page, "kiemtra", "kiem-tra-12");
  await page.locator("tbody tr").first().waitFor();
  await page.locator("tbody summary").first().click();
  await page.locator("tbody .link").first().click();
  await page.locator(".auditfilter .chip").waitFor();
  await check(page, "audit");
});

test.for(SIZES)("what a tile can do holds to WCAG 2.2 AA, in both themes, on a $name", async (look) => {
  const page = await open(look);
  await mock.setWays({ convert: "busy" });
  try {
    await atDesk(page, mock.base, "/live", ["c131", "c212"], 4);
    await page.locator('[data-camera="c131"][data-state="live"]').waitFor();
    await page.locator('[data-camera="c212"][data-state="busy"]').waitFor();
    const tile = page.locator('[data-camera="c131"]');
    await tile.click({ position: { x: 60, y: 60 } });
    await page.keyboard.press("z");
    await page.keyboard.press("+");
    await page.locator(".overview").waitFor();
    await tile.locator('[data-act="sound"]').click();
    await tile.locator('[data-act="measure"]').click();
    await page.locator(".diagrow", { hasText: "Tiếng" }).waitFor();
    await check(page, "zoomed, heard and measured");
    await page.keyboard.press("Escape");
    await tile.locator('[data-act="replay"]').click();
    await page.locator('[data-state="replay"]').waitFor();
    await check(page, "looking back in the tile");
    await tile.locator('[data-act="more"]').click();
    await page.locator('[role="menu"]').waitFor();
    await check(page, "more");
    await page.locator('[role="menuitem"]', { hasText: "RTSP" }).click();
    await page.locator('input[name="label"]').fill("Phòng họp");
    await page.locator('[data-act="make-secret"]').click();
    await page.locator('[data-told="password"]').waitFor();
    await page.locator('[data-act="ask-revoke"]').first().click();
    await check(page, "RTSP out");
  } finally {
    await mock.setWays();
  }
});

test.for(SIZES)("a spoilt disk is told within WCAG 2.2 AA, in both themes, on a $name", async (look) => {
  await mock.setDisk({ full: true, unreadable_files: 3 });
  try {
    const operators = await open(look);
    await atDesk(operators, mock.base, "/live", ["c113"], 4);
    await operators.locator(".banner.alarm").waitFor();
    await check(operators, "live, the disk full");
    const administrators = await open(look);
    await signIn(administrators, "admin", "quan-tri-12");
    await administrators.locator(".banner.alarm").waitFor();
    await administrators.locator(".warnn").waitFor();
    await check(administrators, "cameras, the disk full and in part unreadable");
  } finally {
    await mock.setDisk({ full: false, unreadable_files: 0 });
  }
});

test.for(SIZES)("the administrator's screens hold to WCAG 2.2 AA, in both themes, on a $name", async (look) => {
  const page = await open(look);
  await signIn(page, "admin", "quan-tri-12");
  await page.locator("tbody tr").first().waitFor();
  if (look.name === "phone") await page.locator('[data-act="filters"]').click();
  await page.locator('input[name="organisation"]').click();
  await page.locator('[role="option"]').nth(2).waitFor();
  await check(page, "cameras");
  await page.keyboard.press("Escape");
  await page.locator('[data-act="import"]').click();
  const choosing = page.waitForEvent("filechooser");
  await page.locator('[data-act="choose-file"]').click();
  const buffer = Buffer.from("Tên;Địa điểm;Địa chỉ luồng chính\nCổng;Ga Giáp Bát;rtsp://10.0.0.1/a");
  await (await choosing).setFiles({ name: "camera.csv", mimeType: "text/csv", buffer });
  await page.locator("[data-fault-row]").waitFor();
  await check(page, "a table with faults");
  await page.keyboard.press("Escape");
  await page.locator('tr[data-state="faulty"] .acts .btn').last().click();
  await page.locator('[role="dialog"]').waitFor();
  await check(page, "removing a camera");
  await page.keyboard.press("Escape");
  await page.locator('[data-act="add"]').click();
  await page.locator('input[name="url"]').fill("rtsp://192.168.10.3/main");
  await page.locator('[data-act="probe"]').click();
  await page.locator(".field .error").waitFor();
  await check(page, "adding a camera, refused");
  await page.locator('input[name="url"]').fill("rtsp://192.168.10.20/main");
  await page.locator('[data-act="probe"]').click();
  await page.locator(".okn").waitFor();
  await check(page, "adding a camera, tried");
  await page.locator(".finding summary").click();
  await page.locator('[data-act="find"]').click();
  await page.locator("[data-endpoint]", { hasText: "NVR-4" }).click();
  await page.locator('[data-act="probe"]').click();
  await page.locator('[data-channel="2"]').click();
  await page.locator(".okn").waitFor();
  await page.locator(".device summary").click();
  await check(page, "adding a channel of a recorder");
  await page.goto(`${mock.base}/holds`);
  await page.locator(".page").waitFor();
  await check(page, "holds");
});

test.for(SIZES)(
  "what operators share, ask and answer holds to WCAG 2.2 AA, in both themes, on a $name",
  async (look) => {
    const page = await open(look);
    await mock.setRules({ case_after_hours: 1 });
    try {
      await atDesk(page, mock.base, `/playback?at=${(Date.now() - 100 * 60_000) * 1000}`, ["c113"], 1);
      await page.locator('[data-act="ask-case"]').click();
      await page.locator('[role="dialog"] input[name="case"]').waitFor();
      await check(page, "a case is asked for");
    } finally {
      await mock.setRules();
    }
    await page.goto(`${mock.base}/inbox`);
    await page.locator('[data-waits="request"]').waitFor();
    await check(page, "what waits");
    await page.locator('[data-waits="approval"] [data-act="no"]').click();
    await page.locator('[role="dialog"]').waitFor();
    await check(page, "refusing an export");
    await page.goto(`${mock.base}/agreements`);
    await page.locator("[data-agreement]").waitFor();
    await check(page, "agreements");
    await page.locator('[data-act="draft"]').click();
    await page.locator('[role="dialog"]').waitFor();
    await check(page, "drawing up an agreement");
    await page.goto(`${mock.base}/grants`);
    await page.locator('[data-act="share"]').waitFor();
    await check(page, "one's own rights");
    await page.goto(`${mock.base}/data-requests`);
    await page.locator("[data-request]").waitFor();
    await check(page, "written requests");
    await page.locator('[data-act="register"]').click();
    await page.locator('[role="dialog"]').waitFor();
    await check(page, "registering a request");
  },
);

test.for(SIZES)("sets, groups and rules hold to WCAG 2.2 AA, in both themes, on a $name", async (look) => {
  const page = await open(look);
  await signIn(page, "admin", "quan-tri-12");
  for (const [path, part, act] of [
    ["permission-sets", "[data-set]", "change"],
    ["groups", "[data-group]", "change"],
    ["policies", "[data-version]", "next"],
  ]) {
    await page.locator(".rail").waitFor();
    await page.goto(`${mock.base}/${path}`);
    await page.locator(part!).first().waitFor();
    await check(page, path!);
    await page.locator(`[data-act="${act}"]`).first().click();
    await page.locator('[role="dialog"]').waitFor();
    await check(page, `${path}, the form`);
  }
});
