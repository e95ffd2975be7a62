/**
 * Which way a tile's pictures come, which stream and in which form, and why.
 * Pure: what the browser can is `browser.ts`, which stream the tile would like
 * is `role.ts`, and what failed before is told by whoever tried it.
 *
 * ```text
 *   streams   what is wanted, as the camera sends it
 *      ▼      the camera's other stream, as it is
 *      ▼      what is wanted, converted to H.264 by the server
 *   ways      MSE ─▶ WHEP ─▶ HLS; what the person prefers comes first
 * ```
 *
 * Each rung is tried by every way before the next rung: a codec that one way
 * cannot play may be no matter for another.
 */
import type { Ways } from "../api/types";
import type { Role } from "./protocol";
import type { RoleWhy, Wish } from "./role";

export type Way = "mse" | "whep" | "hls";
/** What a person chose: `auto` leaves it to the ladder. */
export type Prefer = "auto" | Way;
/** What pictures are converted to on their way here; null as they are. */
export type PictureForm = "h264" | null;

/** Whether this browser plays a codec each way; null asks for the way alone, where the codec is not known yet. */
export type Browser = Record<Way, (codec: string | null) => boolean>;

/** The codec of each stream that the camera has; null while that is not known. */
export type Streams = Partial<Record<Role, string | null>>;

export interface Plan {
  way: Way;
  role: Role;
  form: PictureForm;
}

/** A plan that did not do, and the code that says why. */
export interface Failure extends Plan {
  code: string;
}

/** Why this stream in this form. */
export type StreamWhy = RoleWhy | "main_unplayable" | "sub_unplayable" | "converted";
/** Why this way: the first of the ladder, the person's own, or in place of another. */
export type WayWhy =
  | { kind: "first" }
  | { kind: "preferred" }
  | { kind: "instead"; of: Way; because: "absent" | "codec" | "failed"; code: string | null };

export type Choice =
  | { kind: "play"; plan: Plan; streamWhy: StreamWhy; wayWhy: WayWhy; best: boolean }
  /** Nothing plays. `trySub`: whether the sub-stream may still be asked for. */
  | { kind: "none"; why: "codec" | "busy" | "no_worker" | "no_way"; codec: string | null; trySub: boolean };

export interface Asked {
  wish: Wish;
  streams: Streams;
  browser: Browser;
  /** What the server serves beside the media socket. */
  offer: Ways;
  prefer: Prefer;
  failed: readonly Failure[];
}

/** What a conversion gives, as far as a browser is asked about it beforehand. */
const CONVERTED = "avc1.640028";
const LADDER: readonly Way[] = ["mse", "whep", "hls"];

interface Rung {
  role: Role;
  form: PictureForm;
  why: StreamWhy;
}

/** Chooses for a live tile. */
export function choose(asked: Asked): Choice {
  return climb(asked, asked.prefer === "auto" ? LADDER : [asked.prefer, ...LADDER.filter((w) => w !== asked.prefer)]);
}

/** Chooses for a tile of the past, which comes by the media socket alone. */
export function choosePast(asked: Omit<Asked, "prefer">): Choice {
  return climb({ ...asked, prefer: "auto" }, ["mse"]);
}

function climb(asked: Asked, ways: readonly Way[]): Choice {
  const { streams, prefer } = asked;
  for (const rung of rungs(asked)) {
    const way = ways.find((way) => obstacle(asked, rung, way) === null);
    if (!way) continue;
    const first = ways[0]!;
    const wayWhy: WayWhy =
      way === first
        ? { kind: prefer === "auto" ? "first" : "preferred" }
        : { kind: "instead", of: first, ...obstacle(asked, rung, first)! };
    const best = wayWhy.kind !== "instead" && rung.why === asked.wish.why;
    return { kind: "play", plan: { way, role: rung.role, form: rung.form }, streamWhy: rung.why, wayWhy, best };
  }
  const codec = streams[asked.wish.role] ?? null;
  const why = hopeless(asked, ways);
  // The small stream was tried as it is; converting it asks less of the server than converting the large one.
  const trySub = why === "busy" && asked.wish.role === "main" && streams.sub !== undefined;
  return { kind: "none", why, codec, trySub };
}

function rungs({ wish, streams }: Asked): Rung[] {
  const other: Role = wish.role === "main" ? "sub" : "main";
  const native: Rung[] = [{ role: wish.role, form: null, why: wish.why }];
  if (streams[other] !== undefined)
    native.push({ role: other, form: null, why: other === "sub" ? "main_unplayable" : "sub_unplayable" });
  return [...native, { role: wish.role, form: "h264", why: "converted" }];
}

type Obstacle = { because: "absent" | "codec" | "failed"; code: string | null };

/** Returns what stands against a rung by a way; null if nothing does. */
function obstacle({ streams, browser, offer, failed }: Asked, rung: Rung, way: Way): Obstacle | null {
  if (!browser[way](null) || (way === "whep" && !offer.whep)) return { because: "absent", code: null };
  // Only the media socket converts.
  if (rung.form !== null && (way !== "mse" || !offer.worker)) return { because: "absent", code: null };
  const before = failed.find((f) => f.way === way && f.role === rung.role && f.form === rung.form);
  if (before) return { because: before.code === "unsupported" ? "codec" : "failed", code: before.code };
  const codec = rung.form === null ? (streams[rung.role] ?? null) : CONVERTED;
  return codec !== null && !browser[way](codec) ? { because: "codec", code: null } : null;
}

function hopeless({ offer, failed, browser }: Asked, ways: readonly Way[]): "codec" | "busy" | "no_worker" | "no_way" {
  if (!ways.some((way) => browser[way](null) && (way !== "whep" || offer.whep))) return "no_way";
  const refused = failed.findLast((f) => f.form !== null)?.code;
  if (refused === "busy") return "busy";
  if (!offer.worker || refused === "no_worker") return "no_worker";
  return "codec";
}
