/**
 * The recorded sound of one camera, beside its pictures in an element of its
 * own: it follows the cursor of the deck while that plays at the speed of time,
 * and is silent otherwise.
 *
 * An element of its own, since sound has gaps where pictures have none and the
 * other way round, and a browser plays two tracks of one element only where
 * both are. What people see waits for nothing they hear.
 */

import { frameTimes } from "./fmp4";
import { isPlayable, MediaBuffer } from "./mse";
import { followRate, Stretch } from "./past";
import type { Mode } from "./pastview";
import type { Piece } from "./protocol";
import type { Feed, MediaSocket } from "./socket";
import { type Grant, isElsewhere, isFinal } from "./tokens";

const ROOM_US = 30 * 86_400e6;
const KEEP_BEHIND_US = 5e6;
const AHEAD_US = 6e6;
const CREDIT = 4;

export class PastSound {
  /** Told when there will be no sound, and why. */
  onLost: ((code: string) => void) | null = null;
  #socket: MediaSocket;
  #audio: HTMLAudioElement;
  #grant: Grant;
  #feed: Feed | null = null;
  #buffer: MediaBuffer | null = null;
  #stretch: Stretch | null = null;
  #originUs = 0;
  #waiting = false;
  #creditLeft = 0;
  #notBeforeMs = 0;
  #over = false;

  /** `grant` is for playback, with sound. */
  constructor(socket: MediaSocket, audio: HTMLAudioElement, grant: Grant) {
    this.#socket = socket;
    this.#audio = audio;
    this.#grant = grant;
  }

  close(): void {
    this.#over = true;
    this.onLost = null;
    this.#feed?.close();
    this.#buffer?.close();
    this.#buffer = null;
  }

  tick(cursorUs: number, mode: Mode, rate: number, nowMs: number): void {
    if (this.#over) return;
    const heard = mode === "play" && rate === 1;
    if (mode === "play" && rate === 1) this.#provide(cursorUs, nowMs);
    const buffer = this.#buffer;
    const audio = this.#audio;
    if (!heard || !buffer || buffer.baseUs === null || this.#stretch?.at(cursorUs).kind !== "frame") {
      if (!audio.paused) audio.pause();
      return;
    }
    if (audio.seeking) return;
    const driftUs = buffer.wallOf(audio.currentTime) - cursorUs;
    const speed = followRate(1, driftUs);
    if (speed === null || (audio.paused && Math.abs(driftUs) > 80_000)) {
      audio.currentTime = buffer.timeOf(cursorUs);
      return;
    }
    const bounded = Math.round(speed * 100) / 100;
    if (audio.playbackRate !== bounded) audio.playbackRate = bounded;
    if (audio.paused)
      audio.play().catch((error: unknown) => {
        if (error instanceof DOMException && error.name === "NotAllowedError") this.#lose("blocked");
      });
  }

  #lose(code: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#feed?.close();
    this.#feed = null;
    this.#audio.pause();
    this.onLost?.(code);
  }

  #provide(cursorUs: number, nowMs: number): void {
    if (this.#waiting || nowMs < this.#notBeforeMs) return;
    const stretch = this.#stretch;
    if (!stretch || cursorUs < stretch.startUs || cursorUs > stretch.endUs + 5e6) {
      this.#stretch = new Stretch(cursorUs);
      this.#buffer?.close();
      this.#buffer = null;
      this.#open(cursorUs, nowMs);
      return;
    }
    if (stretch.endUs - cursorUs < AHEAD_US) {
      if (!this.#feed) this.#open(stretch.endUs, nowMs);
      else if (this.#creditLeft < 2) {
        this.#creditLeft += CREDIT;
        this.#feed.credit(CREDIT);
      }
    }
    const goneUs = stretch.forget(cursorUs - KEEP_BEHIND_US);
    if (goneUs !== null && this.#buffer?.baseUs != null) this.#buffer.remove(this.#buffer.baseUs, goneUs);
  }

  #open(fromUs: number, nowMs: number): void {
    this.#feed?.close();
    this.#waiting = true;
    this.#creditLeft = CREDIT;
    this.#notBeforeMs = nowMs + 250;
    const request = { role: "sound", form: "aac", fromUs: Math.round(fromUs), credit: CREDIT } as const;
    this.#feed = this.#socket.open(
      { kind: "past", grant: this.#grant, ...request },
      {
        init: (event, bytes) => {
          if (!isPlayable(event.codec)) return this.#lose("unsupported");
          this.#originUs = event.origin_us;
          this.#buffer ??= new MediaBuffer(this.#audio, { broken: () => this.#lose("broken") }, ROOM_US, ["sound"]);
          this.#buffer.init(event.codec, event.origin_us, bytes, "sound");
        },
        fragment: (piece) => this.#take(piece),
        gap: (fromUs, toUs, reason) => {
          this.#waiting = false;
          this.#stretch?.addGap({ fromUs, toUs, reason });
        },
        ended: (reason) => {
          this.#feed = null;
          this.#waiting = false;
          if (reason === "revoked") return this.#lose(reason);
          this.#notBeforeMs = performance.now() + 1_000;
        },
        refused: (code) => {
          this.#feed = null;
          this.#waiting = false;
          if (isFinal(code) || isElsewhere(code)) return this.#lose(code);
          this.#notBeforeMs = performance.now() + 2_000;
        },
      },
    );
  }

  #take(piece: Piece): void {
    this.#waiting = false;
    this.#creditLeft -= 1;
    const times = frameTimes(piece.bytes);
    if (!times) return;
    const framesUs = times.shownUs.map((us) => us + this.#originUs);
    if (this.#stretch?.addFragment(framesUs, times.endUs + this.#originUs))
      this.#buffer?.append(piece.bytes, true, "sound");
  }
}
