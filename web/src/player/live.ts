/**
 * One live stream in one `<video>`: opens the feed, feeds the buffer, keeps the
 * playhead near the newest frame, and says what a tile must say.
 *
 * When the feed ends it is opened anew: at once when only the line went, with
 * growing patience when the server ended it. The rules stand in `liveclock.ts`
 * and `livestate.ts`; this file is the hand that carries them out.
 */
import { serverNowUs } from "../lib/serverclock";
import { createStore, type Store } from "../lib/store";
import { decide, trimBefore } from "./liveclock";
import { type LiveFacts, type LiveStatus, liveStatus } from "./livestate";
import { isPlayable, MediaBuffer } from "./mse";
import type { EndReason, Piece, Role } from "./protocol";
import { watchShown } from "./shown";
import { backoffMs, type Feed, type MediaSocket, type Sink } from "./socket";
import { isFinal } from "./tokens";

/** What the diagnostics overlay shows. */
export interface LiveFigures {
  role: Role;
  channel: number | null;
  codec: string | null;
  width: number;
  height: number;
  framesPerSecond: number;
  bitsPerSecond: number;
  /** Frames that the server did not send, since this line was too slow. */
  droppedByServer: number;
  /** Frames that this machine could not draw in time. */
  droppedHere: number;
}

export interface LiveSnapshot extends LiveStatus {
  figures: LiveFigures;
}

const TICK_MS = 250;

export class LiveView {
  readonly snapshot: Store<LiveSnapshot>;
  /** Called with the wall time of each frame shown. */
  onShown: ((wallUs: number) => void) | null = null;
  #socket: MediaSocket;
  #video: HTMLVideoElement;
  #camera: string;
  #facts: LiveFacts;
  #figures: LiveFigures;
  #feed: Feed | null = null;
  #buffer: MediaBuffer | null = null;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #timer: ReturnType<typeof setInterval>;
  #unwatch: () => void;
  #rate = 1;
  #lastWallUs = 0;
  #intervalS = 0.04;
  #counted = { atUs: 0, bytes: 0, frames: 0 };

  constructor(socket: MediaSocket, video: HTMLVideoElement, camera: string, role: Role) {
    this.#socket = socket;
    this.#video = video;
    this.#camera = camera;
    this.#facts = {
      stream: null,
      refused: null,
      unsupported: false,
      shownUs: null,
      openedUs: serverNowUs(),
      lineUp: true,
    };
    this.#figures = {
      role,
      channel: null,
      codec: null,
      width: 0,
      height: 0,
      framesPerSecond: 0,
      bitsPerSecond: 0,
      droppedByServer: 0,
      droppedHere: 0,
    };
    this.snapshot = createStore<LiveSnapshot>({ ...liveStatus(this.#facts, serverNowUs()), figures: this.#figures });
    this.#unwatch = watchShown(
      video,
      () => this.#buffer,
      (wallUs) => {
        const first = this.#facts.shownUs === null;
        this.#facts.shownUs = wallUs;
        this.onShown?.(wallUs);
        if (first) this.#publish();
      },
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", this.#onVisible);
    this.#open();
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#retry) clearTimeout(this.#retry);
    document.removeEventListener("visibilitychange", this.#onVisible);
    this.#unwatch();
    this.#feed?.close();
    this.#feed = null;
    this.#buffer?.close();
    this.#buffer = null;
    this.onShown = null;
  }

  /** Asks again after a refusal. */
  again(): void {
    this.#facts.refused = null;
    this.#facts.unsupported = false;
    this.#failures = 0;
    this.#reopen();
  }

  #open(): void {
    const grant = { camera: this.#camera, action: "live" } as const;
    this.#feed = this.#socket.open({ kind: "live", grant, role: this.#figures.role }, this.#sink());
  }

  #reopen(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    this.#feed?.close();
    this.#open();
    this.#publish();
  }

  #sink(): Sink {
    return {
      opened: (channel) => {
        this.#figures = { ...this.#figures, channel };
        this.#publish();
      },
      init: (event, bytes) => {
        this.#figures = { ...this.#figures, codec: event.codec, width: event.width, height: event.height };
        if (!isPlayable(event.codec)) {
          this.#facts.unsupported = true;
          this.#feed?.close();
          this.#publish();
          return;
        }
        this.#buffer ??= this.#newBuffer();
        this.#buffer.init(event.codec, event.origin_us, bytes);
      },
      fragment: (piece) => this.#take(piece),
      state: (state, sinceUs, reason) => {
        this.#facts.stream = { state, sinceUs, reason };
        this.#failures = 0;
        this.#publish();
      },
      dropped: (frames) => {
        this.#figures = { ...this.#figures, droppedByServer: this.#figures.droppedByServer + frames };
      },
      ended: (reason) => this.#ended(reason),
      refused: (code) => {
        if (isFinal(code)) this.#facts.refused = { code };
        else this.#later();
        this.#publish();
      },
    };
  }

  #newBuffer(): MediaBuffer {
    return new MediaBuffer(this.#video, {
      changed: () => this.#steer(),
      full: () => {
        const [first] = this.#buffer?.ranges() ?? [];
        if (first)
          this.#buffer?.remove(this.#buffer.wallOf(first[0]), this.#buffer.wallOf(this.#video.currentTime - 2));
      },
      broken: () => {
        // A picture that cannot be decoded ends the element; the next keyframe starts a new one.
        this.#buffer?.close();
        this.#buffer = null;
        this.#facts.shownUs = null;
        this.#later();
      },
    });
  }

  #take(piece: Piece): void {
    this.#counted.bytes += piece.bytes.length;
    this.#counted.frames += 1;
    const apart = (piece.wallUs - this.#lastWallUs) / 1e6;
    if (apart > 0 && apart < 5) this.#intervalS += 0.1 * (apart - this.#intervalS);
    this.#lastWallUs = piece.wallUs;
    this.#buffer?.append(piece.bytes);
  }

  #ended(reason: EndReason | "lost"): void {
    this.#feed = null;
    this.#figures = { ...this.#figures, channel: null };
    if (reason === "revoked") {
      this.#facts.refused = { code: "revoked" };
      this.#publish();
      return;
    }
    // A lost line and an old token say nothing about the camera: go on as soon as that is possible.
    if (reason === "lost" || reason === "expired") this.#open();
    else this.#later();
    this.#publish();
  }

  #later(): void {
    if (this.#retry) return;
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#facts.refused = null;
      this.#reopen();
    }, 1_000 + backoffMs(this.#failures, Math.random()));
  }

  /** Puts the playhead where `liveclock` wants it. */
  #steer(): void {
    const buffer = this.#buffer;
    if (!buffer || document.hidden) return;
    const video = this.#video;
    const step = decide({
      playhead: video.currentTime,
      ranges: buffer.ranges(),
      frameInterval: this.#intervalS,
      started: this.#facts.shownUs !== null,
      rate: this.#rate,
    });
    if (step.seek !== null && !video.seeking) video.currentTime = step.seek;
    if (step.rate !== this.#rate) {
      this.#rate = step.rate;
      video.playbackRate = step.rate;
    }
    if (video.paused && buffer.ranges().length > 0) {
      video.play().catch(() => {
        // Muted video may always play; if a browser still refuses, the next tick tries again.
      });
    }
  }

  #tick(): void {
    this.#facts.lineUp = this.#socket.line.get().phase === "open";
    this.#steer();
    const buffer = this.#buffer;
    if (buffer) {
      const before = trimBefore({ playhead: this.#video.currentTime, ranges: buffer.ranges() });
      const [first] = buffer.ranges();
      if (before !== null && first) buffer.remove(buffer.wallOf(first[0]), buffer.wallOf(before));
    }
    this.#count();
    this.#publish();
  }

  #count(): void {
    const now = serverNowUs();
    const passed = now - this.#counted.atUs;
    if (passed < 2_000_000) return;
    if (this.#counted.atUs > 0) {
      const seconds = passed / 1e6;
      this.#figures = {
        ...this.#figures,
        framesPerSecond: this.#counted.frames / seconds,
        bitsPerSecond: (this.#counted.bytes * 8) / seconds,
        droppedHere: this.#video.getVideoPlaybackQuality().droppedVideoFrames,
      };
    }
    this.#counted = { atUs: now, bytes: 0, frames: 0 };
  }

  #publish(): void {
    const next = { ...liveStatus(this.#facts, serverNowUs()), figures: this.#figures };
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

  #onVisible = () => {
    // A hidden page is not drawn, and some browsers stop it: begin again at the newest frame.
    if (document.hidden) return;
    this.#steer();
  };
}
