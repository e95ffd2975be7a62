import { expect, test } from "vitest";
import { atDesk, readTiles, signIn, stage, until } from "./harness";

const { mock, visit } = stage();

const states = async (page: Parameters<typeof readTiles>[0]) =>
  Object.fromEntries((await readTiles(page)).map((tile) => [tile.camera, tile.state]));

test("each tile says what it shows, and none is black and silent", async () => {
  const { page, complaints } = await visit();
  const all = ["c113", "c114", "c115", "c133", "c134", "c202", "c203", "none"];
  await atDesk(page, mock.base, "/live", all, 9);
  const seen = await until(
    () => states(page),
    (s) => s.c113 === "live" && s.c114 === "late" && s.c115 === "no_data" && s.c133 === "no_data",
  );
  expect(seen).toMatchObject({ c134: "connecting", c202: "refused", c203: "disabled" });
  const words = async (tile: number) => page.locator(`[data-tile="${tile}"]`).textContent();
  // What the buffer adds to no delay, and to the 4.2 s of camera 114.
  const delay = (tile: number) => page.locator(`[data-tile="${tile}"] .st`).textContent();
  await until(
    () => delay(1),
    (told) => /^0,[2-9] giây/.test(told ?? ""),
  );
  await until(
    () => delay(2),
    (told) => /^chậm 4,[2-9] giây/.test(told ?? ""),
  );
  expect(await words(3)).toContain("Không tới được địa chỉ của camera");
  expect(await words(4)).toContain("Camera từ chối tên đăng nhập hoặc mật khẩu");
  expect(await words(6)).toContain("Bạn chưa được xem camera này");
  expect(await words(8)).toContain("Camera ở ô này không còn");
  expect(await words(9)).toContain("Ô trống");
  expect(complaints).toEqual([]);
});

test("a small tile takes the small stream, a large one the large, without a black moment between", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, "/live", ["c113"], 4);
  await page.locator('[data-camera="c113"][data-state="live"][data-role="sub"]').waitFor();
  await page.evaluate(() => {
    const tile = document.querySelector<HTMLElement>('[data-camera="c113"]')!;
    const seen: string[] = [];
    (window as unknown as { seen: string[] }).seen = seen;
    new MutationObserver(() => seen.push(tile.dataset.state ?? "")).observe(tile, {
      attributes: true,
      attributeFilter: ["data-state"],
    });
  });
  await page.locator('[data-tile="1"]').dblclick({ position: { x: 150, y: 120 } });
  await page.locator('[data-camera="c113"][data-state="live"][data-role="main"]').waitFor();
  expect(await page.evaluate(() => (window as unknown as { seen: string[] }).seen)).not.toContain("connecting");
  await page.keyboard.press("Escape");
  await page.locator('[data-camera="c113"][data-state="live"][data-role="sub"]').waitFor();
});

test.for([
  { width: 1280, height: 720, size: 16 },
  { width: 1920, height: 1080, size: 25 },
  { width: 1440, height: 900, size: 9 },
  { width: 360, height: 640, size: 4 },
])("figures cover neither words nor controls, $size on $width × $height", async ({ width, height, size }) => {
  const { page } = await visit({ viewport: { width, height } });
  await atDesk(page, mock.base, "/live", ["c113", "c115", "c114", "c133"], size);
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  await page.locator('[data-camera="c115"][data-state="no_data"]').waitFor();
  await page.keyboard.press("Control+i");
  await page.locator(".tile.sel .diag").waitFor();
  const told = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>(".tile:has(.diag)")].map((tile) => {
      const figures = tile.querySelector(".diag")!.getBoundingClientRect();
      const others = [...tile.querySelectorAll(".bar, .state > *, .foot, .ctl")].filter((other) =>
        other.checkVisibility({ opacityProperty: true }),
      );
      const under = others.filter((other) => {
        const { top, bottom } = other.getBoundingClientRect();
        return bottom > figures.top + 0.5 && top < figures.bottom - 0.5;
      });
      const row = tile.querySelector(".diagrow")!.getBoundingClientRect();
      const rows = (figures.height - 2 * (row.top - figures.top)) / row.height;
      return {
        under: under.map((other) => other.className || other.textContent),
        whole: Math.abs(rows - Math.round(rows)),
      };
    }),
  );
  expect(told.length).toBeGreaterThan(1);
  for (const { under, whole } of told) {
    expect(under).toEqual([]);
    expect(whole).toBeLessThan(0.01);
  }
});

test("the grid is cut into 1, 4, 9, 16 and 25, and the picture in its first tile goes on", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, "/live", ["c113", "c131"], 4);
  const first = page.locator('[data-tile="1"]');
  await page.locator('[data-tile="1"][data-camera="c113"][data-state="live"]').waitFor();
  const before = await first.elementHandle();
  const seen = await before!.evaluateHandle((tile: HTMLElement) => {
    const seen: string[] = [];
    new MutationObserver(() => seen.push(`${tile.dataset.camera} ${tile.dataset.state}`)).observe(tile, {
      attributes: true,
      attributeFilter: ["data-camera", "data-state"],
    });
    return seen;
  });
  for (const [name, count, role] of [
    ["4×4", 16, "sub"],
    ["5×5", 25, "sub"],
    ["1", 1, "main"],
    ["3×3", 9, "sub"],
    ["2×2", 4, "sub"],
  ] as const) {
    const choice = page.getByRole("radiogroup", { name: "Số ô" }).getByRole("radio", { name, exact: true });
    await choice.click();
    await page.locator(`[data-tile="1"][data-camera="c113"][data-state="live"][data-role="${role}"]`).waitFor();
    expect(await page.locator("[data-tile]").count()).toBe(count);
    expect(await choice.getAttribute("aria-checked")).toBe("true");
    const shown = Number(await first.getAttribute("data-wall-us"));
    await until(
      async () => Number(await first.getAttribute("data-wall-us")),
      (wallUs) => wallUs > shown,
    );
  }
  // One tile through all of it, which showed nothing else and never began anew.
  expect(await before!.evaluate((tile) => tile === document.querySelector('[data-tile="1"]'))).toBe(true);
  expect((await seen.jsonValue()).filter((one) => one !== "c113 live" && one !== "c113 late")).toEqual([]);
});

test.for([
  { name: "a desk", options: {} },
  { name: "a phone", options: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
])("on $name a tile's own button opens its figures, and those of no other", async ({ options }) => {
  const { page, complaints } = await visit(options);
  await atDesk(page, mock.base, "/live", ["c113", "c131"], 4);
  const tile = page.locator('[data-tile="1"]');
  const button = tile.getByRole("button", { name: "Số đo của ô này" });
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  await page.locator('[data-camera="c131"][data-state="live"]').waitFor();
  expect(await button.getAttribute("aria-pressed")).toBe("false");
  await button.click();
  await tile.locator(".diagrow", { hasText: "Luồng" }).waitFor();
  expect(await button.getAttribute("aria-pressed")).toBe("true");
  expect(await page.locator(".diag").count()).toBe(1);
  await button.click();
  await page.locator(".diag").waitFor({ state: "detached" });
  expect(await button.getAttribute("aria-pressed")).toBe("false");
  expect(complaints).toEqual([]);
});

test("a camera comes by drag, by number and by Enter, moves by drag, and goes by Del", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, "/live", ["c113"], 4);
  const inTile = (n: number) => page.locator(`[data-tile="${n}"]`).getAttribute("data-camera");
  await page.locator('[data-camera-row="c131"]').dragTo(page.locator('[data-tile="4"]'));
  expect(await inTile(4)).toBe("c131");
  await page.locator('[data-tile="2"]').click({ position: { x: 100, y: 100 } });
  await page.keyboard.type("201");
  await page.keyboard.press("Enter");
  expect(await inTile(2)).toBe("c201");
  await page.locator('[data-tile="2"] .bar').dragTo(page.locator('[data-tile="3"]'));
  expect([await inTile(2), await inTile(3)]).toEqual([null, "c201"]);
  await page.keyboard.press("/");
  await page.keyboard.type("lối xe");
  await page.keyboard.press("ArrowDown");
  for (let i = 0; i < 9; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  expect(await inTile(2)).toBe("c132");
  await page.locator('[data-tile="4"]').click({ position: { x: 100, y: 100 } });
  await page.keyboard.press("Delete");
  expect(await inTile(4)).toBeNull();
  await page.reload();
  await page.locator('[data-tile="3"][data-camera="c201"]').waitFor();
});

test("a lost line is told, and the pictures come back by themselves", async () => {
  const { page } = await visit();
  await atDesk(page, mock.base, "/live", ["c113"], 1);
  await page.locator('[data-state="live"]').waitFor();
  await mock.stop();
  await page.locator(".banner.warn").waitFor();
  await mock.start();
  // The mock forgets who was signed in, as a server with a new database would.
  await page.locator('input[name="name"]').waitFor();
  await signIn(page);
  await page.locator('[data-state="live"]').waitFor();
  expect(await page.locator(".banner.warn").count()).toBe(0);
});

test("a one-time password opens nothing but the choice of another", async () => {
  const { page } = await visit();
  await signIn(page, "moi", "mot-lan");
  await page.locator('input[name="new"]').fill("cau dai de nho 26");
  expect(await page.locator(".rail").count()).toBe(0);
  await page.locator('.password:has(input[name="new"]) button').click();
  expect(await page.locator('input[name="new"]').getAttribute("type")).toBe("text");
  await page.locator('input[name="again"]').fill("cau dai de nho 27");
  expect(await page.locator('button[type="submit"]').isDisabled()).toBe(true);
  await page.locator('input[name="again"]').fill("cau dai de nho 26");
  await page.locator('button[type="submit"]').click();
  await page.locator(".rail").waitFor();
});

test("whoever guesses waits, and is told how long", async () => {
  const { page } = await visit();
  for (let i = 0; i < 6; i++) {
    await signIn(page, "trucban", `sai ${i}`);
    await page.locator(".warnn").waitFor();
    await until(
      () => page.locator(".warnn").textContent(),
      (text) => text !== "",
    );
  }
  expect(
    await until(
      () => page.locator(".warnn").textContent(),
      (t) => /giây/.test(t ?? ""),
    ),
  ).toMatch(/Thử lại sau \d+ giây/);
});

test("what could not be done is told in the language of the screen", async () => {
  const { page } = await visit();
  await signIn(page, "admin", "quan-tri-12");
  await page.locator("tr .acts .btn").last().click();
  const words = page.locator('[role="dialog"] .warnn');
  await page.route("**/api/v1/cameras/*", (route) => route.abort());
  await page.locator('[data-act="remove"]').click();
  await words.waitFor();
  expect(await words.textContent()).toBe("Máy chủ không trả lời. Thử lại sau.");
  await page.unroute("**/api/v1/cameras/*");
  await page.route("**/api/v1/cameras/*", (route) =>
    route.fulfill({ status: 409, json: { code: "in_use", message: "footage of this camera is held" } }),
  );
  await page.locator('[data-act="remove"]').click();
  await until(
    () => words.textContent(),
    (text) => text === "Camera có đoạn hình đang được giữ lại. Bỏ giữ trước khi xóa.",
  );
});

test("the figures of a tile tell the camera's clock, asked for only while they are open", async () => {
  const { page, complaints } = await visit();
  const asked: string[] = [];
  page.on("request", (request) => {
    const camera = /\/api\/v1\/cameras\/(\w+)$/.exec(request.url())?.[1];
    if (camera) asked.push(camera);
  });
  await atDesk(page, mock.base, "/live", ["c113", "c114", "c131", "c112"], 4);
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  expect(asked).toEqual([]);
  await page.keyboard.press("Control+i");
  const clock = (name: string) => page.locator(".diagrow", { hasText: name }).locator("dd").allTextContents();
  const told = await until(
    () => clock("Đồng hồ camera"),
    (words) => words.length === 4 && words.filter((word) => word !== "–").length === 3,
  );
  expect(told).toEqual(["nhanh 3 phút 2 giây", "chậm 7 giờ", "đúng giờ", "–"]);
  expect(new Set(asked)).toEqual(new Set(["c112", "c113", "c114", "c131"]));

  // What the camera says later is told as well, without a hand on anything.
  await page.route("**/api/v1/cameras/c113", (route) => route.fulfill({ json: { clock_offset_us: -65_000_000 } }));
  await page.locator('[data-camera="c113"] .diagrow dd', { hasText: "chậm 1 phút 5 giây" }).waitFor();
  await page.evaluate(() => localStorage.setItem("khue.language", "en"));
  await page.reload();
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  await page.keyboard.press("Control+i");
  await until(
    () => clock("Camera clock"),
    (words) => words.join() === "1 min 5 s behind,7 hours behind,in time,–",
  );
  expect(complaints).toEqual([]);
});
