/**
 * What every way of watching live has: a picture in a `<video>`, what is known
 * of it, and what a tile must say. The ways themselves are `live.ts` (MSE),
 * `whep.ts` and `hls.ts`; the rules of what is said are `livestate.ts`.
 */
import { ApiError } from "../api/error";
import { serverNowUs } from "../lib/serverclock";
import { createStore, type Store } from "../lib/store";
import type { Plan } from "./choose";
import { type LiveFacts, type LiveStatus, liveStatus } from "./livestate";
import { backoffMs } from "./socket";
import { isFinal, isPassing } from "./tokens";

/** So often in a row a request may fail in passing; then the way is given up for another. */
const MOST_STUMBLES = 6;

/**
 * How the age of a picture is known. `exact`: each frame carries its wall
 * time. The rest are estimates: by the sender's clock, by when it came here,
 * by when it was drawn, by the playlist's clock, by how far the playlist has gone.
 */
export type Measured = "exact" | "captured" | "received" | "drawn" | "playlist" | "edge";

/** What the diagnostics overlay shows. */
export interface LiveFigures {
  plan: Plan;
  channel: number | null;
  codec: string | null;
  /** The codec before the server converted it; null where it did not. */
  convertedFrom: string | null;
  width: number;
  height: number;
  framesPerSecond: number;
  bitsPerSecond: number;
  /** Frames that the server did not send, since this line was too slow; packets lost on the way, where it is packets. */
  droppedByServer: number;
  /** Frames that this machine could not draw in time. */
  droppedHere: number;
  measured: Measured;
  /** The codec of the sound that is heard; null for none. */
  sound: string | null;
}

export interface LiveSnapshot extends LiveStatus {
  figures: LiveFigures;
}

export interface LiveEvents {
  /** The wall time of each frame shown. */
  shown?(wallUs: number): void;
  /** This plan will not do; `codec` where that is why. */
  failed?(code: string, codec: string | null): void;
  /** There is no sound, or no more. The pictures go on. */
  soundLost?(code: string): void;
}

export abstract class LivePlayer {
  readonly snapshot: Store<LiveSnapshot>;
  events: LiveEvents = {};
  protected facts: LiveFacts;
  protected figures: LiveFigures;
  #failed = false;
  #stumbles = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;

  constructor(
    protected readonly video: HTMLVideoElement,
    protected readonly camera: string,
    protected readonly plan: Plan,
    measured: Measured,
  ) {
    this.facts = {
      stream: null,
      refused: null,
      unsupported: false,
      shownUs: null,
      runsUpSinceUs: null,
      openedUs: serverNowUs(),
      lineUp: true,
    };
    this.figures = {
      plan,
      channel: null,
      codec: null,
      convertedFrom: null,
      width: 0,
      height: 0,
      framesPerSecond: 0,
      bitsPerSecond: 0,
      droppedByServer: 0,
      droppedHere: 0,
      measured,
      sound: null,
    };
    this.snapshot = createStore<LiveSnapshot>({ ...liveStatus(this.facts, serverNowUs()), figures: this.figures });
  }

  /** Asks again after a refusal. */
  abstract again(): void;
  /** Lets go of the sound; the pictures play on. */
  abstract dropSound(): void;

  close(): void {
    this.events = {};
    this.callOff();
  }

  protected figure(change: Partial<LiveFigures>): void {
    this.figures = { ...this.figures, ...change };
  }

  protected show(wallUs: number): void {
    const first = this.facts.shownUs === null;
    this.facts.shownUs = wallUs;
    this.events.shown?.(wallUs);
    if (first) this.publish();
  }

  /** Says once that this plan will not do. */
  protected fail(code: string, codec: string | null = null): void {
    if (this.#failed) return;
    this.#failed = true;
    this.facts.unsupported = true;
    this.publish();
    this.events.failed?.(code, codec);
  }

  /**
   * Says why this way was not opened: a right that is missing is missing by
   * every way, the rest another may have. What may pass is tried again by
   * `open` before.
   */
  protected refuse(error: unknown, sound: boolean, open: () => void): void {
    if (isPassing(error) && this.#stumbled(error)) {
      this.later(this.#stumbles, open);
      this.publish();
      return;
    }
    const code = error instanceof ApiError ? error.code : "protocol";
    if (!isFinal(code) || code === "not_found") {
      this.fail(code);
      return;
    }
    if (sound) this.events.soundLost?.(code);
    this.facts.refused = { code };
    this.publish();
  }

  /** Counts what may pass, and says whether there is still patience for it. */
  #stumbled(error: unknown): boolean {
    this.#stumbles += 1;
    const { status, code } = error instanceof ApiError ? error : { status: null, code: null };
    this.facts.lineUp = status !== 0;
    // A server that is away is away by every way; HLS is the last of the ways, and says so of a camera that is silent.
    return status === 0 || (code === "busy" && this.plan.way === "hls") || this.#stumbles < MOST_STUMBLES;
  }

  /** Says that this way was opened. */
  protected opened(): void {
    this.#stumbles = 0;
    this.facts.lineUp = true;
  }

  /** Opens after a while, longer after each failure in a row, unless that is called off. */
  protected later(failures: number, open: () => void): void {
    this.callOff();
    this.#retry = setTimeout(
      () => {
        this.#retry = null;
        open();
      },
      backoffMs(failures, Math.random()),
    );
  }

  protected callOff(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
  }

  protected mend(): void {
    this.#stumbles = 0;
    this.#failed = false;
    this.facts.refused = null;
    this.facts.unsupported = false;
  }

  protected publish(): void {
    const next = { ...liveStatus(this.facts, serverNowUs()), figures: this.figures };
    const last = this.snapshot.get();
    const tenths = (us: number | null) => (us === null ? null : Math.round(us / 100_000));
    // A tile shows a tenth of a second; what does not change on the screen is not drawn again.
    const same =
      next.kind === last.kind &&
      next.reason === last.reason &&
      next.sinceUs === last.sinceUs &&
      next.figures === last.figures &&
      tenths(next.delayUs) === tenths(last.delayUs);
    if (!same) this.snapshot.set(next);
  }

  /** Lets the sound be heard; a browser that wants a touch first says so. */
  protected unmute(): void {
    this.video.muted = false;
    this.video.play().catch(() => {
      this.video.muted = true;
      this.video.play().catch(() => undefined);
      this.events.soundLost?.("blocked");
    });
  }
}
