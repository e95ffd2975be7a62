/**
 * A browser and a mock server for the tests of the screens. Waiting is always
 * for a thing on the page, never for a while.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { launchShell } from "./chromium.mjs";

class Mock {
  #child: ChildProcess | null = null;
  base = "";

  /** Starts the server; on the port it had, if it ran before. */
  async start(): Promise<void> {
    const port = this.base ? new URL(this.base).port : "0";
    const script = fileURLToPath(new URL("../dev/mock-server.mjs", import.meta.url));
    const child = spawn(process.execPath, [script, "--small", "--port", port], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout! })) {
      const address = /on (http:\S+)/.exec(line)?.[1];
      if (!address) continue;
      this.base = address;
      return;
    }
    throw new Error("the mock server ended before it listened");
  }

  /** Makes its disk so, until it is said otherwise. */
  async setDisk(disk: { full?: boolean; unreadable_files?: number }): Promise<void> {
    await fetch(`${this.base}/mock/disk`, { method: "PUT", body: JSON.stringify(disk) });
  }

  /** Makes its other ways to watch so, and all that is not said as it was; forgets what was asked before. */
  async setWays(ways: Partial<MockWays> = {}): Promise<void> {
    await fetch(`${this.base}/mock/ways`, { method: "PUT", body: JSON.stringify(ways) });
  }

  /** What was asked of WHEP and HLS since `setWays`, in order. */
  async asked(): Promise<{ method: string; path: string; query: string }[]> {
    return (await (await fetch(`${this.base}/mock/asked`)).json()) as { method: string; path: string; query: string }[];
  }

  /** Makes its rules so, and all that is not said as it was; forgets which tokens were asked for. */
  async setRules(rules: Record<string, number | boolean> = {}): Promise<void> {
    await fetch(`${this.base}/mock/rules`, { method: "PUT", body: JSON.stringify(rules) });
  }

  /** Which media tokens were asked for since `setRules`. */
  async tokens(): Promise<{ camera: string; actions: string[]; purpose: string | null; case: string | null }[]> {
    return (await (await fetch(`${this.base}/mock/tokens`)).json()) as Awaited<ReturnType<Mock["tokens"]>>;
  }

  stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    return new Promise((resolve) => {
      if (!child) return resolve();
      child.once("exit", () => resolve());
      child.kill();
    });
  }
}

/** As `dev/mock-ways.mjs` has them. */
export interface MockWays {
  whep: boolean;
  worker: boolean;
  convert: "ok" | "busy" | "no_worker";
  answer: "peer" | "dead" | "unsupported";
  sound: "ok" | "dry";
  back_s: number;
  token_s: number;
}

export interface Visit {
  page: Page;
  /** What the page complained of: errors of scripts, and of the content security policy. */
  complaints: string[];
}

export interface Looks extends BrowserContextOptions {
  /** What the browser has in its local storage of an earlier visit. */
  remembered?: Record<string, string>;
  /** Runs in each page before its own scripts. */
  before?: () => void;
}

export interface Stage {
  mock: Mock;
  /** Opens the first page as somebody whom the browser has never seen, unless it is said what it remembers. */
  visit(options?: Looks): Promise<Visit>;
}

/** Gives the tests of a file a browser and a mock server; what a test opened and left behind is gone after it. */
export function stage(): Stage {
  const mock = new Mock();
  let browser: Browser;
  let contexts: Contexts;
  beforeAll(async () => {
    [browser] = await Promise.all([launchShell(), mock.start()]);
    contexts = new Contexts(browser);
  });
  afterEach(({ task }) => contexts.release(mock.base, task.result?.state === "pass"));
  afterAll(async () => {
    await browser.close();
    await mock.stop();
  });
  return { mock, visit: (looks) => visit(contexts, mock.base, looks) };
}

/**
 * The contexts of a file's tests. One that was let go is emptied and serves the
 * next test that wants the like: it has a process left that has compiled the
 * client before, and a page in a new one takes twice as long to open.
 */
class Contexts {
  readonly #browser: Browser;
  readonly #taken = new Map<BrowserContext, string>();
  #free: { context: BrowserContext; key: string }[] = [];

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  async take(options: BrowserContextOptions): Promise<BrowserContext> {
    const key = JSON.stringify(options);
    const kept = this.#free.find((one) => one.key === key);
    this.#free = this.#free.filter((one) => one !== kept);
    const context = kept?.context ?? (await this.#browser.newContext(options));
    this.#taken.set(context, key);
    return context;
  }

  /** Takes back all that a test had; after one that failed they are closed. */
  async release(base: string, passed: boolean): Promise<void> {
    const taken = [...this.#taken];
    this.#taken.clear();
    await Promise.all(
      taken.map(async ([context, key]) => {
        const [first, ...others] = context.pages();
        if (!first || !passed) return await context.close();
        await Promise.all(others.map((page) => page.close()));
        // Stays for its process alone, where nothing happens.
        await first.goto(`${base}/mock/asked`);
        const session = await context.newCDPSession(first);
        await session.send("Storage.clearDataForOrigin", { origin: base, storageTypes: "all" });
        await session.detach();
        await context.clearCookies();
        this.#free.push({ context, key });
      }),
    );
  }
}

async function visit(contexts: Contexts, base: string, { remembered, before, ...options }: Looks = {}): Promise<Visit> {
  const context = await contexts.take({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  if (before) await page.addInitScript(before);
  if (remembered)
    await page.addInitScript((all) => {
      // What a page has changed since stays changed.
      for (const [key, value] of Object.entries(all))
        if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
    }, remembered);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  await page.goto(base);
  return { page, complaints };
}

/**
 * Opens the page that answers the mock's WHEP offers: a real RTCPeerConnection
 * at the other end, which draws a picture and plays a tone. Closes with its block.
 */
export async function peer(mock: Mock, visit: Stage["visit"]): Promise<Visit & AsyncDisposable> {
  const it = await visit();
  await it.page.goto(`${mock.base}/mock/peer`);
  it.complaints.length = 0;
  // A page plays nothing before it was touched.
  await it.page.mouse.click(50, 50);
  return { ...it, [Symbol.asyncDispose]: () => it.page.close() };
}

/**
 * Judges what a page shows by these of the rules that axe knows, and tells
 * what it found. It runs in the page: what axe's own builder for this does
 * beside that, a second page to join the findings of frames in, is for pages
 * that have some, and takes longer than the judging.
 */
export async function violations(page: Page, runOnly: axe.RunOnly): Promise<string[]> {
  expect(page.frames().length).toBe(1);
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  return await page.evaluate(async (runOnly) => {
    const { run } = (window as unknown as { axe: typeof axe }).axe;
    // The same rules are run; what passed is only not described.
    const found = await run(document, { runOnly, resultTypes: ["violations"] });
    return found.violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary}`).slice(0, 4)}`,
    );
  }, runOnly);
}

/** Fingers on the screen, from here to there: one pair of places for each. */
export async function fingers(page: Page, moves: [from: [number, number], to: [number, number]][]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const points = (part: number) =>
    moves.map(([[x, y], [toX, toY]], id) => ({ id, x: x + (toX - x) * part, y: y + (toY - y) * part }));
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: points(0) });
  for (let i = 1; i <= 8; i++)
    await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: points(i / 8) });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await session.detach();
}

export async function signIn(page: Page, name = "trucban", password = "truc-ban-12"): Promise<void> {
  await page.locator('input[name="name"]').fill(name);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('button[type="submit"]').click();
}

/** Signs in with a view and a purpose remembered, and comes to a path by that. */
export async function atDesk(page: Page, base: string, path: string, tiles: string[], size = 4): Promise<void> {
  await page.evaluate(
    ([url, all, many]) => {
      // Before the sign-in: a screen that finds nothing remembered fills itself.
      localStorage.setItem("khue.view.u2", JSON.stringify({ size: many, tiles: all }));
      sessionStorage.setItem("khue.purpose.u2", JSON.stringify("kiểm tra"));
      // The sign-in leads to where the page is: no other screen opens its pictures first.
      if (url) history.pushState(null, "", url);
    },
    [path === "/live" ? null : base + path, tiles, size] as const,
  );
  await signIn(page);
  await page.locator(".rail").waitFor();
}

/** Chooses among very many, by some of its words. */
export async function chooseBy(page: Page, name: string, words: string): Promise<void> {
  await page.locator(`input[name="${name}"]`).last().fill(words);
  await page.locator('[role="option"]').first().click();
}

/** Holds a minute of a camera, as the person signed in. */
export async function hold(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { csrf } = await (await fetch("/api/v1/session")).json();
    const from_us = (Date.now() - 45 * 60_000) * 1000;
    await fetch("/api/v1/holds", {
      method: "POST",
      headers: { "content-type": "application/json", "x-khue-csrf": csrf },
      body: JSON.stringify({ camera: "c113", from_us, to_us: from_us + 60e6, reason: "kiểm tra" }),
    });
  });
}

export interface SeenTile {
  camera: string;
  state: string;
  role: string;
  wallUs: number;
  /** The number in the picture's squares. */
  frame: number;
}

/** Reads every tile: what it claims, and what its picture says. */
export function readTiles(page: Page): Promise<SeenTile[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>(".tile[data-camera]")].map((tile) => {
      const video = tile.querySelector<HTMLVideoElement>("video");
      let frame = -1;
      if (video && video.videoWidth > 0) {
        const canvas = document.createElement("canvas");
        canvas.width = video.videoWidth;
        canvas.height = video.videoHeight;
        const context = canvas.getContext("2d")!;
        context.drawImage(video, 0, 0);
        const side = Math.round(canvas.width / 20);
        frame = 0;
        for (let bit = 0; bit < 10; bit++) {
          const x = Math.round((canvas.width / 12) * (bit + 1)) + side / 2;
          if (context.getImageData(x, canvas.height - side / 2, 1, 1).data[0]! > 128) frame |= 1 << bit;
        }
      }
      const { camera = "", state = "", role = "", wallUs } = tile.dataset;
      return { camera, state, role, wallUs: Number(wallUs), frame };
    }),
  );
}

export interface Pace {
  role: string | undefined;
  /** What the playing picture was told to run at. */
  playbackRate: number;
  /** How far the cursor went by for each second that passed. */
  ratio: number;
}

/**
 * Measures inside the page how fast the first tile plays. A desk that is busy
 * waits for pictures, so of all stretches of three seconds the best is taken;
 * ends with the first that beats `floor`.
 */
export function pace(page: Page, floor: number): Promise<Pace> {
  return page.evaluate(async (floor) => {
    const seen: { ms: number; us: number }[] = [];
    const best: Pace = { role: undefined, playbackRate: 0, ratio: 0 };
    const began = performance.now();
    while (best.ratio <= floor && performance.now() - began < 40_000) {
      const ms = await new Promise<number>(requestAnimationFrame);
      const tile = document.querySelector<HTMLElement>('[data-tile="1"]');
      const video = tile?.querySelector("video");
      const us = Number(document.querySelector<HTMLElement>("[data-cursor-us]")?.dataset.cursorUs);
      if (!tile || !video || video.paused) continue;
      seen.push({ ms, us });
      const from = seen.findLast((then) => ms - then.ms >= 3_000);
      const ratio = from ? (us - from.us) / 1_000 / (ms - from.ms) : 0;
      if (ratio > best.ratio) Object.assign(best, { role: tile.dataset.role, playbackRate: video.playbackRate, ratio });
    }
    return best;
  }, floor);
}

export function cursorUs(page: Page): Promise<number> {
  return page.evaluate(() => Number(document.querySelector<HTMLElement>("[data-cursor-us]")?.dataset.cursorUs));
}

/** Looks again and again until `good`; says what it saw last if that never comes. */
export async function until<T>(look: () => Promise<T>, good: (seen: T) => boolean): Promise<T> {
  const end = Date.now() + 30_000;
  for (;;) {
    const seen = await look();
    if (good(seen)) return seen;
    if (Date.now() > end) throw new Error(`never came; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
