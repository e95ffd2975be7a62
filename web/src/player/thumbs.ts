/**
 * Small pictures of the past: asked for a few at a time, the newest wish
 * first, and kept while there is room. Pure but for what is handed in: who
 * fetches, and who makes addresses of pictures.
 *
 * ```text
 *   want(camera, moment) ─▶ kept? ─yes─▶ at once
 *                             │no
 *                             ▼
 *                     waiting, newest first ─▶ at most `ABREAST` under way
 * ```
 *
 * Who no longer wants a picture calls off the wish; what nobody wants any more
 * is not asked for, or no longer waited for.
 */
import { createStore, type Store } from "../lib/store";

export interface Thumb {
  /** An address of this page alone. */
  url: string;
  /** The moment it is of. */
  wallUs: number;
}

export interface ThumbSource {
  get(camera: string, atUs: number, signal: AbortSignal): Promise<{ picture: Blob; wallUs: number }>;
  makeUrl(picture: Blob): string;
  dropUrl(url: string): void;
  /** The server's time, µs. */
  nowUs(): number;
}

/** Moments closer than this share a picture: keyframes are no closer. */
const GRID_US = 1_000_000;
const ABREAST = 3;
const MOST_KEPT = 200;
const MOST_WAITING = 40;
/** What was recorded this lately may not be on the disk yet: that nothing is there is then no answer for good. */
const FRESH_US = 60_000_000;

/** A picture, or that there is none up to `atUs`. */
interface Kept {
  thumb: Thumb | null;
  atUs: number;
}

interface Wish {
  camera: string;
  /** The latest moment that is wanted of its second: the recording may have begun within that. */
  atUs: number;
  waiters: Set<(thumb: Thumb | null) => void>;
  calledOff: AbortController;
}

export class Thumbs {
  /** Whether the server makes such pictures at all. */
  readonly state: Store<"ok" | "no_worker"> = createStore<"ok" | "no_worker">("ok");
  #source: ThumbSource;
  /** In order of use, the latest last. */
  #kept = new Map<string, Kept>();
  #waiting = new Map<string, Wish>();
  #underWay = new Map<string, Wish>();
  #closed = false;

  constructor(source: ThumbSource) {
    this.#source = source;
  }

  /** Returns the picture if it is here: null for none there, undefined for not known. */
  peek(camera: string, us: number): Thumb | null | undefined {
    const kept = this.#kept.get(keyOf(camera, us));
    return kept && (kept.thumb || us <= kept.atUs) ? kept.thumb : undefined;
  }

  /** Calls back once with the picture, or null where there is none; returns what calls the wish off. */
  want(camera: string, us: number, tell: (thumb: Thumb | null) => void): () => void {
    const key = keyOf(camera, us);
    const known = this.peek(camera, us);
    if (known !== undefined) {
      const kept = this.#kept.get(key)!;
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      tell(known);
      return () => undefined;
    }
    if (this.#closed || this.state.get() === "no_worker") {
      tell(null);
      return () => undefined;
    }
    const wish = this.#underWay.get(key) ??
      this.#waiting.get(key) ?? {
        camera,
        atUs: us,
        waiters: new Set<(thumb: Thumb | null) => void>(),
        calledOff: new AbortController(),
      };
    wish.waiters.add(tell);
    if (!this.#underWay.has(key)) {
      wish.atUs = Math.max(wish.atUs, us);
      this.#waiting.delete(key);
      this.#waiting.set(key, wish);
      this.#trim();
      this.#next();
    }
    return () => {
      if (!wish.waiters.delete(tell) || wish.waiters.size > 0) return;
      if (this.#waiting.get(key) === wish) this.#waiting.delete(key);
      if (this.#underWay.get(key) === wish) this.#underWay.delete(key);
      wish.calledOff.abort();
      this.#next();
    };
  }

  close(): void {
    this.#closed = true;
    for (const wish of [...this.#waiting.values(), ...this.#underWay.values()]) wish.calledOff.abort();
    this.#waiting.clear();
    for (const { thumb } of this.#kept.values()) if (thumb) this.#source.dropUrl(thumb.url);
    this.#kept.clear();
  }

  #next(): void {
    while (this.#underWay.size < ABREAST) {
      const newest = [...this.#waiting].at(-1);
      if (!newest) return;
      this.#waiting.delete(newest[0]);
      void this.#ask(...newest);
    }
  }

  async #ask(key: string, wish: Wish): Promise<void> {
    this.#underWay.set(key, wish);
    let thumb: Thumb | null = null;
    try {
      const { picture, wallUs } = await this.#source.get(wish.camera, wish.atUs, wish.calledOff.signal);
      if (!this.#closed) {
        thumb = { url: this.#source.makeUrl(picture), wallUs };
        this.#keep(key, { thumb, atUs: wish.atUs });
      }
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === "nothing_recorded" && !this.#closed && wish.atUs < this.#source.nowUs() - FRESH_US)
        this.#keep(key, { thumb: null, atUs: wish.atUs });
      if (code === "no_worker") this.#giveUp();
    }
    if (this.#underWay.get(key) === wish) this.#underWay.delete(key);
    for (const tell of [...wish.waiters]) tell(thumb);
    this.#next();
  }

  #keep(key: string, kept: Kept): void {
    // A wish that was called off may have been answered all the same.
    this.#drop(key);
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const gone = this.#kept.get(key)?.thumb;
    this.#kept.delete(key);
    if (gone) this.#source.dropUrl(gone.url);
  }

  /** What was wished longest ago gives way. */
  #trim(): void {
    for (const [key, wish] of this.#waiting) {
      if (this.#waiting.size <= MOST_WAITING) return;
      this.#waiting.delete(key);
      for (const tell of wish.waiters) tell(null);
    }
  }

  #giveUp(): void {
    this.state.set("no_worker");
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const wish of left) for (const tell of wish.waiters) tell(null);
  }
}

function keyOf(camera: string, us: number): string {
  return `${camera} ${Math.floor(us / GRID_US)}`;
}
