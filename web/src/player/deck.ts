/**
 * Plays the tiles of a view in step: one transport, one leading picture.
 *
 * ```text
 *             transport ── cursor ──▶ every view, at each drawn frame
 *                 ▲
 *                 └── the leader's picture: what people see is what the cursor says
 * ```
 *
 * The leader is the selected tile, or the first that has a picture. While the
 * leader's picture is on its way the cursor waits, so nobody sees less than
 * was recorded. Where no tile has footage, the words for it stand a moment and
 * the cursor goes on to the next footage.
 */
import { createStore, type Store } from "../lib/store";
import type { Mode, PastView } from "./pastview";
import { Transport } from "./transport";

export interface DeckState {
  cursorUs: number;
  playing: boolean;
  /** It plays, and waits for a picture. */
  waiting: boolean;
  rate: number;
}

/** How long the words of a gap stand before the cursor goes on. */
const GAP_DWELL_MS = 1_500;
/** Screens for people need no more than this. */
const TELL_EVERY_MS = 80;

export class Deck {
  readonly state: Store<DeckState>;
  /** Returns where the next footage of any tile begins, at or after a moment; null if there is none. */
  nextFootage: ((us: number) => number | null) | null = null;
  /** Called with each drawn frame: for what follows the pictures and leads nobody, as sound does. */
  onTick: ((cursorUs: number, mode: Mode, rate: number, nowMs: number) => void) | null = null;
  /** Whether a hand is on the cursor: pictures come as fast as they can, and small ones stand in for them. */
  readonly scrubbing: Store<boolean> = createStore<boolean>(false);
  /** Told when a stretch without footage was passed over. */
  onSkip: ((fromUs: number, toUs: number) => void) | null = null;
  #transport: Transport;
  #nowUs: () => number;
  #views = new Map<string, PastView>();
  #leader: string | null = null;
  #gapSinceMs: number | null = null;
  #toldMs = 0;
  #frame = 0;

  constructor(cursorUs: number, nowUs: () => number) {
    this.#transport = new Transport(cursorUs);
    this.#nowUs = nowUs;
    this.state = createStore<DeckState>({ cursorUs, playing: false, waiting: false, rate: 1 });
  }

  start(): void {
    const loop = (nowMs: number) => {
      this.#tick(nowMs);
      this.#frame = requestAnimationFrame(loop);
    };
    this.#frame = requestAnimationFrame(loop);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  add(key: string, view: PastView): () => void {
    this.#views.set(key, view);
    return () => {
      if (this.#views.get(key) === view) this.#views.delete(key);
    };
  }

  lead(key: string | null): void {
    this.#leader = key;
  }

  play(): void {
    this.#transport.play(performance.now());
    this.#tell(true);
  }

  pause(): void {
    const nowMs = performance.now();
    const shown = this.#leading()?.shownUs;
    const near =
      shown != null && Math.abs(shown - this.#transport.cursorUs(nowMs)) < 1e6 * Math.max(1, this.#transport.rate);
    this.#transport.pause(nowMs);
    // The picture people stopped at, not the moment between two of them.
    if (near) this.#transport.seek(shown, nowMs);
    this.#tell(true);
  }

  toggle(): void {
    if (this.#transport.playing) this.pause();
    else this.play();
  }

  seek(us: number): void {
    this.#gapSinceMs = null;
    this.#transport.seek(Math.min(us, this.#nowUs()), performance.now());
    this.#tell(true);
  }

  setRate(rate: number): void {
    this.#transport.setRate(rate, performance.now());
    this.#tell(true);
  }

  /** Stops, and goes to the next or the previous frame of the leader. */
  step(direction: 1 | -1): void {
    if (this.#transport.playing) this.pause();
    const view = this.#leading();
    const cursor = this.#transport.cursorUs(performance.now());
    if (!view) return;
    if (direction === 1) {
      const next = view.frameAfter(cursor);
      if (next !== null) this.seek(next);
      return;
    }
    const moment = view.at(cursor);
    const from = moment.kind === "frame" ? moment.wallUs : cursor;
    // Before what is known: any moment before will do, the frame that stood then is found when it comes.
    this.seek(view.frameBefore(from) ?? from - 1);
  }

  #leading(): PastView | null {
    const chosen = this.#leader === null ? undefined : this.#views.get(this.#leader);
    const hasPicture = (view: PastView) => ["frame", "loading"].includes(view.snapshot.get().kind);
    if (chosen && hasPicture(chosen)) return chosen;
    return [...this.#views.values()].find(hasPicture) ?? null;
  }

  #tick(nowMs: number): void {
    const transport = this.#transport;
    const leader = this.#leading();
    const lead = leader?.leadUs;
    if (lead != null && Math.abs(lead - transport.cursorUs(nowMs)) < 2e6 * Math.max(1, transport.rate))
      transport.follow(lead, nowMs);
    if (transport.cursorUs(nowMs) > this.#nowUs()) transport.seek(this.#nowUs(), nowMs);

    const cursor = transport.cursorUs(nowMs);
    const mode = !transport.playing ? "stand" : transport.held ? "hold" : "play";
    for (const view of this.#views.values())
      view.tick(cursor, view === leader && transport.playing ? "play" : mode, transport.rate, nowMs);
    this.onTick?.(cursor, mode, transport.rate, nowMs);

    if (transport.playing) {
      const atEnd = !leader && [...this.#views.values()].some((v) => v.snapshot.get().kind === "end");
      transport.hold(atEnd || (leader !== null && !leader.ready), nowMs);
      if (leader || atEnd) this.#gapSinceMs = null;
      else this.#passGap(cursor, nowMs);
    }
    this.#tell(false, nowMs);
  }

  #passGap(cursor: number, nowMs: number): void {
    if (this.#views.size === 0) return;
    this.#gapSinceMs ??= nowMs;
    if (nowMs - this.#gapSinceMs < GAP_DWELL_MS) return;
    const next = this.nextFootage?.(cursor) ?? null;
    if (next === null || next <= cursor) return;
    this.#gapSinceMs = null;
    this.#transport.seek(next, nowMs);
    this.onSkip?.(cursor, next);
  }

  #tell(now: boolean, nowMs = performance.now()): void {
    if (!now && nowMs - this.#toldMs < TELL_EVERY_MS) return;
    this.#toldMs = nowMs;
    const { playing, held, rate } = this.#transport;
    const next: DeckState = { cursorUs: this.#transport.cursorUs(nowMs), playing, waiting: playing && held, rate };
    const last = this.state.get();
    if (
      next.cursorUs !== last.cursorUs ||
      next.playing !== last.playing ||
      next.waiting !== last.waiting ||
      next.rate !== last.rate
    )
      this.state.set(next);
  }
}
