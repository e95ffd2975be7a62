/**
 * One camera's past in one `<video>`, always at the cursor of the view.
 *
 * The deck calls `tick` at each drawn frame with where the cursor is; the view
 * sees to it that the pictures around it are there (credit, reopening,
 * eviction) and that the right one is shown: following at a rate while it
 * plays, the exact frame while it stands. The bookkeeping is `past.ts`.
 */
import { createStore, type Store } from "../lib/store";
import type { PictureForm } from "./choose";
import { frameTimes } from "./fmp4";
import { isPlayable, MediaBuffer } from "./mse";
import { followRate, type Gap, type Moment, Stretch, wantedAheadUs } from "./past";
import type { EndReason, Piece, Role } from "./protocol";
import { watchShown } from "./shown";
import type { Feed, MediaSocket } from "./socket";
import { type Grant, isElsewhere, isFinal } from "./tokens";

export type PastKind = "loading" | "frame" | "gap" | "end" | "refused" | "unsupported";

/** Which recording, and what it is converted to; null as it is. */
export interface PastStream {
  role: Role;
  form: PictureForm;
}

export interface PastSnapshot {
  kind: PastKind;
  gap: Gap | null;
  /** The code of a refusal. */
  code: string | null;
  role: Role;
  form: PictureForm;
  channel: number | null;
  codec: string | null;
  /** The codec before the server converted it; null where it did not. */
  convertedFrom: string | null;
  width: number;
  height: number;
}

/** `hold`: it would play, but waits for the leading picture. */
export type Mode = "play" | "hold" | "stand";

/** How far before the first picture one may go without building a new element. */
const ROOM_US = 30 * 86_400 * 1e6;
const KEEP_BEHIND_US = 20e6;
/** A first portion: enough for a decoder that holds pictures back, little enough to scrub. */
const FIRST_CREDIT = 3;
const MORE_CREDIT = 4;

export class PastView {
  readonly snapshot: Store<PastSnapshot>;
  onShown: ((wallUs: number) => void) | null = null;
  /** Told when this recording, or form of it, will not do. */
  onFailed: ((code: string, codec: string | null) => void) | null = null;
  /** Wall time of the frame on the screen. */
  shownUs: number | null = null;
  #socket: MediaSocket;
  #video: HTMLVideoElement;
  #grant: Grant;
  #feed: Feed | null = null;
  #buffer: MediaBuffer | null = null;
  #stretch: Stretch | null = null;
  #originUs = 0;
  /** A feed was asked for and gave nothing yet: newer wishes wait, so that scrubbing does not flood. */
  #waiting = false;
  #creditLeft = 0;
  #caughtUp = false;
  #notBeforeMs = 0;
  #soughtUs: number | null = null;
  /** It played: whichever frame was told last, another may have come to the screen since. */
  #unsure = false;
  #soughtAtMs = 0;
  #cursorUs = 0;
  #lastForgetMs = 0;
  #unwatch: () => void;

  constructor(socket: MediaSocket, video: HTMLVideoElement, grant: Grant, { role, form }: PastStream) {
    this.#socket = socket;
    this.#video = video;
    this.#grant = grant;
    this.snapshot = createStore<PastSnapshot>({
      kind: "loading",
      gap: null,
      code: null,
      role,
      form,
      channel: null,
      codec: null,
      convertedFrom: null,
      width: 0,
      height: 0,
    });
    this.#unwatch = watchShown(
      video,
      () => this.#buffer,
      (wallUs) => {
        this.shownUs = wallUs;
        this.onShown?.(wallUs);
      },
    );
  }

  close(): void {
    this.#unwatch();
    this.#feed?.close();
    this.#feed = null;
    this.#buffer?.close();
    this.#buffer = null;
    this.onShown = null;
    this.onFailed = null;
  }

  /** Whether the picture of the cursor is on the screen, or there is none to wait for. */
  get ready(): boolean {
    const { kind } = this.snapshot.get();
    if (kind !== "frame") return kind !== "loading";
    return !this.#video.seeking && this.#video.readyState >= 3;
  }

  /** Where the playing picture is, µs; null while it is not a guide. */
  get leadUs(): number | null {
    if (this.snapshot.get().kind !== "frame" || !this.ready || this.#video.paused || !this.#buffer) return null;
    return this.#buffer.wallOf(this.#video.currentTime);
  }

  /** What is known of a moment. */
  at(us: number): Moment {
    return this.#stretch?.at(us) ?? { kind: "unknown" };
  }

  frameAfter(us: number): number | null {
    return this.#stretch?.frameAfter(us) ?? null;
  }

  frameBefore(us: number): number | null {
    return this.#stretch?.frameBefore(us) ?? null;
  }

  tick(cursorUs: number, mode: Mode, rate: number, nowMs: number): void {
    this.#cursorUs = cursorUs;
    const { kind } = this.snapshot.get();
    if (kind === "refused" || kind === "unsupported") return;
    this.#provide(cursorUs, rate, nowMs);
    const moment = this.at(cursorUs);
    if (moment.kind === "gap") {
      if (!this.#video.paused) this.#video.pause();
      this.#say({ kind: "gap", gap: moment.gap });
      return;
    }
    if (moment.kind === "unknown" || !this.#buffer || this.#buffer.baseUs === null) {
      if (!this.#video.paused && mode !== "play") this.#video.pause();
      this.#say({ kind: this.#caughtUp && !this.#waiting ? "end" : "loading", gap: null });
      return;
    }
    this.#say({ kind: "frame", gap: null });
    if (mode === "play") this.#follow(this.#buffer, cursorUs, rate);
    else {
      if (!this.#video.paused) this.#video.pause();
      if (mode === "stand") this.#stand(this.#buffer, moment, nowMs);
    }
  }

  #follow(buffer: MediaBuffer, cursorUs: number, rate: number): void {
    const video = this.#video;
    this.#soughtUs = null;
    this.#unsure = true;
    if (video.seeking) return;
    const driftUs = buffer.wallOf(video.currentTime) - cursorUs;
    const speed = followRate(rate, driftUs);
    if (speed === null || (video.paused && Math.abs(driftUs) > 150_000 * Math.max(1, rate))) {
      video.currentTime = buffer.timeOf(cursorUs);
      return;
    }
    // Browsers refuse rates beyond sixteen.
    const bounded = Math.min(16, Math.max(0.1, Math.round(speed * 100) / 100));
    if (video.playbackRate !== bounded) video.playbackRate = bounded;
    if (video.paused) video.play().catch(() => undefined);
  }

  #stand(buffer: MediaBuffer, frame: { wallUs: number; endUs: number }, nowMs: number): void {
    const video = this.#video;
    if (video.seeking || (this.shownUs === frame.wallUs && !this.#unsure)) return;
    // A seek that brought another picture is tried again, though not at each tick: the right one may just be arriving.
    if (this.#soughtUs === frame.wallUs && nowMs - this.#soughtAtMs < 300) return;
    this.#soughtUs = frame.wallUs;
    this.#soughtAtMs = nowMs;
    this.#unsure = false;
    // Into the frame rather than onto its edge, where rounding could show the one before.
    const into = Math.min((frame.endUs - frame.wallUs) / 2, 1_000);
    video.currentTime = buffer.timeOf(frame.wallUs + into);
  }

  /** Sees to it that what the cursor needs is known, or on its way. */
  #provide(cursorUs: number, rate: number, nowMs: number): void {
    const stretch = this.#stretch;
    if (this.#waiting || nowMs < this.#notBeforeMs) return;
    if (!stretch || cursorUs < stretch.startUs || cursorUs > stretch.endUs + 5e6 * Math.max(1, rate)) {
      this.#reopen(cursorUs, nowMs);
      return;
    }
    const aheadUs = stretch.endUs - cursorUs;
    if (aheadUs < wantedAheadUs(rate)) {
      if (!this.#feed) this.#open(stretch.endUs, nowMs);
      else if (this.#creditLeft < 2) {
        this.#creditLeft += MORE_CREDIT;
        this.#feed.credit(MORE_CREDIT);
      }
    }
    if (nowMs - this.#lastForgetMs > 2_000) {
      this.#lastForgetMs = nowMs;
      this.#forget(cursorUs - KEEP_BEHIND_US);
    }
  }

  #forget(beforeUs: number): void {
    const toUs = this.#stretch?.forget(beforeUs);
    if (toUs != null && this.#buffer?.baseUs != null) this.#buffer.remove(this.#buffer.baseUs, toUs);
  }

  /** Begins anew at a place that is not known. */
  #reopen(cursorUs: number, nowMs: number): void {
    this.#stretch = new Stretch(cursorUs);
    this.#soughtUs = null;
    if (this.#buffer?.baseUs != null && cursorUs < this.#buffer.baseUs + 3600e6) this.#dropBuffer();
    else this.#buffer?.clear();
    this.#open(cursorUs, nowMs);
  }

  #open(fromUs: number, nowMs: number): void {
    this.#feed?.close();
    this.#waiting = true;
    this.#caughtUp = false;
    this.#creditLeft = FIRST_CREDIT;
    // Whatever happens to this feed, the next try is not before this.
    this.#notBeforeMs = nowMs + 100;
    const { role, form } = this.snapshot.get();
    this.#feed = this.#socket.open(
      {
        kind: "past",
        grant: this.#grant,
        role,
        ...(form ? { form } : {}),
        fromUs: Math.round(fromUs),
        credit: FIRST_CREDIT,
      },
      {
        opened: (channel) => this.#say({ channel }),
        init: (event, bytes) => {
          if (!isPlayable(event.codec)) {
            this.#feed?.close();
            this.#feed = null;
            this.#say({ kind: "unsupported", codec: event.codec });
            this.onFailed?.("unsupported", event.codec);
            return;
          }
          this.#originUs = event.origin_us;
          this.#buffer ??= this.#newBuffer();
          this.#buffer.init(event.codec, event.origin_us, bytes);
          const { codec, width, height, converted_from: convertedFrom } = event;
          this.#say({ codec, width, height, convertedFrom });
        },
        fragment: (piece) => this.#take(piece),
        gap: (from, to, reason) => {
          this.#waiting = false;
          this.#stretch?.addGap({ fromUs: from, toUs: to, reason });
        },
        ended: (reason) => this.#ended(reason),
        refused: (code) => {
          this.#feed = null;
          this.#waiting = false;
          if (isElsewhere(code) && (form !== null || code !== "busy")) {
            this.#say({ kind: "unsupported" });
            this.onFailed?.(code, null);
          } else if (isFinal(code)) {
            this.#say({ kind: "refused", code });
            this.onFailed?.(code, null);
          } else this.#notBeforeMs = performance.now() + 2_000;
        },
      },
    );
  }

  #take(piece: Piece): void {
    this.#waiting = false;
    this.#creditLeft -= 1;
    const times = frameTimes(piece.bytes);
    if (!times) return;
    const frames = times.shownUs.map((us) => us + this.#originUs);
    if (this.#stretch?.addFragment(frames, times.endUs + this.#originUs)) this.#buffer?.append(piece.bytes);
  }

  #ended(reason: EndReason | "lost"): void {
    this.#feed = null;
    this.#waiting = false;
    this.#say({ channel: null });
    const nowMs = performance.now();
    switch (reason) {
      case "caught_up":
        this.#caughtUp = true;
        this.#notBeforeMs = nowMs + 1_000;
        return;
      case "revoked":
        this.#say({ kind: "refused", code: "revoked" });
        return;
      case "lost":
      case "expired":
        this.#notBeforeMs = nowMs + 250;
        return;
      default:
        this.#notBeforeMs = nowMs + 2_000;
    }
  }

  /** With it goes what was on the screen, and where the element stood: the same frame is sought anew. */
  #dropBuffer(): void {
    this.#buffer?.close();
    this.#buffer = null;
    this.shownUs = null;
    this.#soughtUs = null;
  }

  #newBuffer(): MediaBuffer {
    return new MediaBuffer(
      this.#video,
      {
        full: () => this.#forget(this.#cursorUs - 1e6),
        broken: () => {
          this.#dropBuffer();
          this.#feed?.close();
          this.#feed = null;
          this.#stretch = null;
          this.#waiting = false;
          this.#notBeforeMs = performance.now() + 2_000;
        },
      },
      ROOM_US,
    );
  }

  #say(change: Partial<PastSnapshot>): void {
    const last = this.snapshot.get();
    const next = { ...last, ...change };
    const keys = Object.keys(next) as (keyof PastSnapshot)[];
    if (keys.some((key) => next[key] !== last[key])) this.snapshot.set(next);
  }
}
