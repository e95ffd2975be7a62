/** Which way pictures come, which stream and in which form: the ladder, and what is said where it ends. */
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { atDesk, peer, readTiles, stage, until } from "./harness";

const { mock, visit } = stage();
afterEach(() => mock.setWays());

const tile = (page: Page, camera: string) => page.locator(`[data-camera="${camera}"]`);
/** Opens the wall with a way preferred, in a browser as `before` leaves it. */
async function watch(tiles: string[], size: number, way = "auto", before?: () => void) {
  const it = await visit({ remembered: { "khue.way": way }, ...(before && { before }) });
  await atDesk(it.page, mock.base, "/live", tiles, size);
  return it;
}
/** The rows of a tile's figures, by name. */
async function figures(page: Page): Promise<Record<string, string>> {
  if ((await page.locator(".diag").count()) === 0) await page.locator('[data-act="measure"]').first().click();
  const rows = await page.locator(".diag").first().locator(".diagrow").all();
  const pairs = rows.map(async (row) => [await row.locator("dt").textContent(), await row.locator("dd").textContent()]);
  return Object.fromEntries(await Promise.all(pairs));
}
/** Waits until a tile shows the picture that it claims: its number is in its squares. */
const exact = (page: Page, camera: string) =>
  until(
    async () => (await readTiles(page)).find((t) => t.camera === camera)!,
    ({ state, wallUs, frame }) => state === "live" && frame === Math.round((wallUs % 10_000_000) / 40_000) % 250,
  );

test("a large tile of an H.265 camera takes the H.264 sub-stream, and says so", async () => {
  const { page, complaints } = await watch(["c211"], 1);
  await page.locator('[data-camera="c211"][data-state="live"][data-role="sub"][data-way="mse"]').waitFor();
  await exact(page, "c211");
  expect(await page.locator(".lesser").textContent()).toBe("luồng phụ");
  expect(await page.locator(".lesser").getAttribute("title")).toBe("trình duyệt không phát được luồng chính");
  const told = await figures(page);
  expect(told).toMatchObject({ Luồng: "phụ · trình duyệt không phát được luồng chính", "Cách xem": "MSE" });
  expect(complaints).toEqual([]);
});

test("where all is H.265 the server converts, to the same picture at the same moment", async () => {
  const { page } = await watch(["c213"], 1);
  await page.locator('[data-camera="c213"][data-state="live"][data-role="main"][data-form="h264"]').waitFor();
  await exact(page, "c213");
  const told = await until(
    () => figures(page),
    (rows) => rows["Chuyển từ"] === "H.265",
  );
  expect(told.Luồng).toBe("chính · máy chủ chuyển mã");
  expect(told.Dạng).toMatch(/^H\.264 · avc1/);
  expect(told["Cách đo"]).toBe("đo theo giờ của từng hình");
});

test("a conversion without room is told with a way out: the sub-stream, or again", async () => {
  await mock.setWays({ convert: "busy" });
  const { page } = await watch(["c212", "c213"], 1);
  await page.locator('[data-camera="c212"][data-state="busy"]').waitFor();
  expect(await tile(page, "c212").textContent()).toMatch(/Máy chủ chưa chuyển mã được hình này.*H\.265.*hết công suất/);
  // It is asked for once, and refused: then there is nothing left but to ask again.
  await page.locator('[data-act="use-sub"]').click();
  await page.locator('[data-act="use-sub"]').waitFor({ state: "detached" });
  await page.locator('[data-camera="c212"][data-state="busy"]').waitFor();
  await mock.setWays();
  await page.locator('[data-act="again"]').click();
  await page.locator('[data-camera="c212"][data-state="live"][data-role="main"][data-form="h264"]').waitFor();
});

test("the sub-stream that was asked for is converted where the large one had no room", async () => {
  await mock.setWays({ convert: "busy" });
  const { page } = await watch(["c212"], 1);
  await page.locator('[data-act="use-sub"]').waitFor();
  await mock.setWays();
  await page.locator('[data-act="use-sub"]').click();
  await page.locator('[data-camera="c212"][data-state="live"][data-role="sub"][data-form="h264"]').waitFor();
  expect((await figures(page)).Luồng).toBe("phụ · máy chủ chuyển mã");
});

test("without the worker the tile says what the camera sends and what to do; the ladder's other rungs hold", async () => {
  await mock.setWays({ worker: false });
  const { page } = await watch(["c213", "c211"], 4);
  await page.locator('[data-camera="c213"][data-state="unsupported"]').waitFor();
  expect(await tile(page, "c213").textContent()).toMatch(/Camera gửi H\.265.*chưa cài phần chuyển mã/);
  await page.locator('[data-camera="c211"][data-state="live"][data-role="sub"]').waitFor();
});

test("the past of an H.265 camera goes down the same ladder", async () => {
  const at = (Date.now() - 45 * 60_000) * 1000;
  const { page } = await visit();
  await atDesk(page, mock.base, `/playback?at=${at}`, ["c211", "c213"], 4);
  await page.locator('[data-camera="c211"][data-state="frame"][data-role="sub"]').waitFor();
  await page.locator('[data-camera="c213"][data-state="frame"][data-role="main"][data-form="h264"]').waitFor();
  await until(
    () => readTiles(page),
    (tiles) =>
      tiles.length === 2 &&
      tiles.every((t) => t.frame === Math.floor((t.wallUs % 10_000_000) / 40_000) && t.wallUs > 0),
  );
  await mock.setWays({ convert: "busy" });
  await page.reload();
  await page.locator('[data-camera="c213"][data-state="busy"]').waitFor();
  expect(await page.locator('[data-camera="c213"] [data-act="again"]').isVisible()).toBe(true);
});

test("WHEP, where it is preferred: pictures, an estimate of their age, a renewed token, and an end", async () => {
  await mock.setWays({ token_s: 62 });
  await using sender = await peer(mock, visit);
  const { page, complaints } = await watch(["c113"], 1, "whep");
  await page.locator('[data-camera="c113"][data-state="live"][data-way="whep"]').waitFor();
  const told = await until(
    () => figures(page),
    (rows) => rows["Cỡ hình"] === "640 × 360",
  );
  expect(told["Cách xem"]).toBe("WHEP · do bạn chọn");
  expect(told["Cách đo"]).toMatch(/^ước tính/);
  expect(told["Độ trễ"]).toMatch(/^≈ /);
  // The token had a minute to live, and was renewed before its end.
  const asked = await until(
    () => mock.asked(),
    (all) => all.some((one) => one.method === "PUT" && one.path.endsWith("/token")),
  );
  expect(asked[0]).toMatchObject({ method: "POST", path: "/whep", query: "role=main" });
  await page.locator('[data-tile="1"]').click({ position: { x: 200, y: 200 } });
  await page.keyboard.press("Delete");
  await until(
    () => mock.asked(),
    (all) => all.at(-1)!.method === "DELETE" && all.at(-1)!.path.startsWith("/whep/"),
  );
  expect([complaints, sender.complaints]).toEqual([[], []]);
});

test("sound comes along by WHEP once it is asked for, and only then", async () => {
  await using sender = await peer(mock, visit);
  const { page } = await watch(["c131"], 1, "whep");
  await page.locator('[data-camera="c131"][data-state="live"][data-way="whep"]').waitFor();
  const tracks = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("video")].flatMap(
        (v) => (v.srcObject as MediaStream | null)?.getTracks().map((t) => t.kind) ?? [],
      ),
    );
  expect(await tracks()).toEqual(["video"]);
  await page.locator('[data-act="sound"]').click();
  await until(tracks, (all) => all.includes("audio"));
  await until(
    () =>
      page.evaluate(async () => {
        const video = [...document.querySelectorAll("video")].find((v) => !v.muted);
        const stream = video?.srcObject as MediaStream | undefined;
        if (!stream?.getAudioTracks().length) return 0;
        const context = new AudioContext();
        const meter = context.createAnalyser();
        context.createMediaStreamSource(stream).connect(meter);
        await new Promise((resolve) => setTimeout(resolve, 300));
        const samples = new Float32Array(meter.fftSize);
        meter.getFloatTimeDomainData(samples);
        await context.close();
        return Math.max(...samples.map(Math.abs));
      }),
    (loudest) => loudest > 0.01,
  );
  await page.locator('[data-act="sound"]').click();
  await until(tracks, (all) => !all.includes("audio"));
  expect(sender.complaints).toEqual([]);
});

test("where the network does not let WHEP through, the tile falls back with the reason, and others do not wait", async () => {
  await mock.setWays({ answer: "dead" });
  await using _sender = await peer(mock, visit);
  const { page } = await watch(["c113"], 4, "whep");
  await page.locator('[data-camera="c113"][data-state="live"][data-way="mse"]').waitFor();
  expect(await page.locator(".lesser").getAttribute("title")).toBe("mạng không cho WHEP qua");
  expect((await figures(page))["Cách xem"]).toBe("MSE · mạng không cho WHEP qua");
  const before = (await mock.asked()).filter((one) => one.method === "POST").length;
  await page.locator('[data-camera-row="c131"]').click();
  await page.locator('[data-camera="c131"][data-state="live"][data-way="mse"]').waitFor();
  expect((await mock.asked()).filter((one) => one.method === "POST").length).toBe(before);
});

test("a stream that cannot go by WHEP goes by MSE, and says so", async () => {
  await mock.setWays({ answer: "unsupported" });
  const { page } = await watch(["c113"], 1, "whep");
  await page.locator('[data-camera="c113"][data-state="live"][data-way="mse"]').waitFor();
  expect(await page.locator(".lesser").getAttribute("title")).toBe("hình này không đi được qua WHEP");
});

test("the way is chosen on a tile, and kept in this browser", async () => {
  await using _sender = await peer(mock, visit);
  const { page } = await watch(["c113"], 1);
  await page.locator('[data-state="live"][data-way="mse"]').waitFor();
  await page.locator('[data-act="more"]').click();
  await page.locator('[role="menuitemradio"]', { hasText: "WHEP" }).click();
  await page.locator('[data-state="live"][data-way="whep"]').waitFor();
  await page.reload();
  await page.locator('[data-state="live"][data-way="whep"]').waitFor();
});

test("HLS by the browser's own player: pictures, an honest word on their age, and an end", async () => {
  await mock.setWays({ token_s: 62 });
  const { page, complaints } = await watch(["c113"], 1, "hls");
  await page.locator('[data-camera="c113"][data-state="live"][data-way="hls"]').waitFor();
  const shown = async () => Number(await tile(page, "c113").getAttribute("data-wall-us"));
  const first = await shown();
  await until(shown, (us) => us > first + 3_000_000);
  const told = await figures(page);
  expect(told).toMatchObject({ "Cách xem": "HLS · do bạn chọn", "Cỡ hình": "640 × 360" });
  expect(told["Cách đo"]).toMatch(/^ước tính/);
  await until(
    () => mock.asked(),
    (all) => all.some((one) => one.method === "PUT" && /^\/hls\/.*\/token$/.test(one.path)),
  );
  await page.locator('[data-tile="1"]').click({ position: { x: 200, y: 200 } });
  await page.keyboard.press("Delete");
  await until(
    () => mock.asked(),
    (all) => all.at(-1)!.method === "DELETE" && all.at(-1)!.path.startsWith("/hls/"),
  );
  expect(complaints).toEqual([]);
});

test("a browser with neither MSE nor WebRTC takes HLS by itself", async () => {
  const { page } = await watch(["c113"], 1, "auto", () => {
    delete (window as { MediaSource?: unknown }).MediaSource;
    delete (window as { RTCPeerConnection?: unknown }).RTCPeerConnection;
  });
  await page.locator('[data-camera="c113"][data-state="live"][data-way="hls"]').waitFor();
  expect((await mock.asked()).map((one) => `${one.method} ${one.path}`)).toEqual(["POST /hls"]);
  expect(await page.locator(".lesser").getAttribute("title")).toBe("ở đây không có MSE");
});

test("a browser that plays in no way is told which do", async () => {
  const { page } = await watch(["c113"], 1, "auto", () => {
    delete (window as { MediaSource?: unknown }).MediaSource;
    delete (window as { RTCPeerConnection?: unknown }).RTCPeerConnection;
    HTMLMediaElement.prototype.canPlayType = () => "";
  });
  await page.locator('[data-camera="c113"][data-state="unsupported"]').waitFor();
  expect(await tile(page, "c113").textContent()).toContain("Dùng Chrome, Edge, Firefox hoặc Safari bản mới.");
});

test("a managed media source is fed when it asks, and not while it does not", async () => {
  const { page } = await watch(["c113"], 1, "auto", () => {
    const Real = MediaSource;
    const made: EventTarget[] = [];
    class Managed extends Real {
      streaming = true;
      constructor() {
        super();
        made.push(this);
      }
    }
    const scope = window as unknown as Record<string, unknown>;
    delete scope.MediaSource;
    scope.ManagedMediaSource = Managed;
    scope.stream = (on: boolean) => {
      for (const source of made as Managed[]) {
        source.streaming = on;
        source.dispatchEvent(new Event(on ? "startstreaming" : "endstreaming"));
      }
    };
  });
  const stream = (on: boolean) =>
    page.evaluate((on) => (window as unknown as { stream: (on: boolean) => void }).stream(on), on);
  await page.locator('[data-camera="c113"][data-state="live"][data-way="mse"]').waitFor();
  expect((await figures(page))["Cách xem"]).toBe("MSE (máy điều tiết)");
  await stream(false);
  await page.locator('[data-camera="c113"][data-state="late"]').waitFor();
  const buffered = () =>
    page.evaluate(() => {
      const { buffered } = document.querySelector("video")!;
      return buffered.end(buffered.length - 1);
    });
  const held = await buffered();
  await stream(true);
  await until(buffered, (end) => end > held + 1);
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  await exact(page, "c113");
});

/** Answers the first requests of a way as a server does that stumbles. */
async function stumble(page: Page, path: string) {
  const form = (code: string) => ({ code, message: "", field: null, retry_after_s: null });
  const answers = [{ status: 500, json: form("broken") }, null, { status: 503, json: form("busy") }];
  let met = 0;
  await page.route(`**/api/v1${path}`, async (route) => {
    if (route.request().method() !== "POST" || met >= answers.length) return await route.fallback();
    const answer = answers[met++];
    if (answer) await route.fulfill(answer);
    else await route.abort();
  });
  return () => met;
}

test("requests that fail in passing cost HLS and WHEP no click", async () => {
  await using _sender = await peer(mock, visit);
  for (const [way, path] of [
    ["hls", "/hls"],
    ["whep", "/whep?role=main"],
  ] as const) {
    const { page } = await visit({ remembered: { "khue.way": way } });
    const met = await stumble(page, path);
    await atDesk(page, mock.base, "/live", ["c113"], 1);
    await page.locator(`[data-camera="c113"][data-state="live"][data-way="${way}"]`).waitFor();
    expect(met()).toBe(3);
    await page.close();
  }
});

test("live goes on where the server's clock is set back: within what came, and before all of it", async () => {
  const { page, complaints } = await watch(["c113"], 1, "mse");
  await page.locator('[data-camera="c113"][data-state="live"]').waitFor();
  await exact(page, "c113");
  const shown = async () => (await readTiles(page))[0]!.wallUs;
  for (const back_s of [600, 4 * 3600]) {
    const before = await shown();
    await mock.setWays({ back_s });
    await until(shown, (us) => us < before - 500e6);
    await exact(page, "c113");
    const first = await shown();
    await until(shown, (us) => us > first + 2_000_000);
  }
  expect(complaints).toEqual([]);
});
