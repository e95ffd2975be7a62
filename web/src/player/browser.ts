/** What this browser can play, each way; and what its person prefers. */
import { createStore, type Store } from "../lib/store";
import type { Browser, Failure, Prefer, Way } from "./choose";
import { playsHls } from "./hls";
import { isPlayable } from "./mse";
import { takesByWhep } from "./whep";

/** Asked again and again by every tile, and always answered the same. */
function remembered(ask: (codec: string | null) => boolean): (codec: string | null) => boolean {
  const known = new Map<string | null, boolean>();
  return (codec) => {
    const before = known.get(codec);
    if (before !== undefined) return before;
    const answer = ask(codec);
    known.set(codec, answer);
    return answer;
  };
}

export const browser: Browser = {
  mse: remembered(isPlayable),
  whep: remembered(takesByWhep),
  hls: remembered(playsHls),
};

const KEY = "khue.way";
const WAYS: readonly string[] = ["auto", "mse", "whep", "hls"];

/** The way that this person prefers, in this browser. */
export const prefer: Store<Prefer> = createStore<Prefer>(kept());

export function setPrefer(way: Prefer): void {
  wayTrouble.set(null);
  prefer.set(way);
  try {
    localStorage.setItem(KEY, way);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

function kept(): Prefer {
  try {
    const way = localStorage.getItem(KEY) ?? "auto";
    return WAYS.includes(way) ? (way as Prefer) : "auto";
  } catch {
    return "auto";
  }
}

/** A way that the network did not let through, whatever the camera: other tiles need not wait to find out. */
export const wayTrouble: Store<{ way: Way; code: string; untilMs: number } | null> = createStore<{
  way: Way;
  code: string;
  untilMs: number;
} | null>(null);

const TROUBLE_MS = 5 * 60_000;

export function noteTrouble(way: Way, code: string): void {
  if (code === "ice") wayTrouble.set({ way, code, untilMs: performance.now() + TROUBLE_MS });
}

/** Returns what failed before, for this camera and for the way as a whole. */
export function troubles(failed: readonly Failure[], trouble: { way: Way; code: string; untilMs: number } | null) {
  if (!trouble || trouble.untilMs < performance.now()) return failed;
  const { way, code } = trouble;
  return [...failed, ...(["main", "sub"] as const).map((role): Failure => ({ way, role, form: null, code }))];
}
