/**
 * One live stream in one `<video>` by MSE: opens the feed, feeds the buffer,
 * keeps the playhead near the newest frame, and says what a tile must say.
 *
 * When the feed ends it is opened anew: at once when only the line went, with
 * growing patience when the server ended it. The rules stand in `liveclock.ts`
 * and `livestate.ts`; this file is the hand that carries them out.
 *
 * Sound, where it is to be heard, is asked for before the pictures: a browser
 * takes both or neither, and a sound that is refused must not have cost a
 * picture. One that stops coming is let go of, since the browser would hold
 * the pictures back for it.
 *
 * Where the server's clock was set back, a new buffer is begun: the axis of the
 * one that is there begins too late, or holds pictures of a time to come.
 */
import { serverNowUs } from "../lib/serverclock";
import type { Plan } from "./choose";
import { decide, FASTEST, trimBefore, wentBack } from "./liveclock";
import { LivePlayer } from "./liveplayer";
import { isPlayable, MediaBuffer } from "./mse";
import type { EndReason, Piece } from "./protocol";
import { watchShown } from "./shown";
import { backoffMs, type Feed, type MediaSocket, type Sink } from "./socket";
import { isElsewhere, isFinal } from "./tokens";

const TICK_MS = 250;
/** How long pictures wait for a sound to begin. */
const SOUND_PATIENCE_MS = 5_000;
/** Sound may begin at another time than its pictures, and its origin lie after theirs. */
const SOUND_ROOM_US = 3_600e6;
/** Sound that came last this long before the pictures has stopped: a camera sends both at once. */
const DRY_MS = 1_200;

export class LiveView extends LivePlayer {
  #socket: MediaSocket;
  #feed: Feed | null = null;
  #soundFeed: Feed | null = null;
  #buffer: MediaBuffer | null = null;
  #sound: boolean;
  #soundPatience: ReturnType<typeof setTimeout> | null = null;
  /** When some of each came last. */
  #came = { pictures: 0, sound: 0 };
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #timer: ReturnType<typeof setInterval>;
  #unwatch: () => void;
  #rate = 1;
  #lastWallUs = 0;
  #originUs = 0;
  #intervalS = 0.04;
  #counted = { atUs: 0, bytes: 0, frames: 0 };

  constructor(socket: MediaSocket, video: HTMLVideoElement, camera: string, plan: Plan, sound: boolean) {
    super(video, camera, plan, "exact");
    this.#socket = socket;
    this.#sound = sound;
    this.#unwatch = watchShown(
      video,
      () => this.#buffer,
      (wallUs) => {
        if (this.facts.shownUs === null) this.facts.runsUpSinceUs = serverNowUs();
        this.show(wallUs);
      },
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", this.#onVisible);
    if (sound) this.#openSound();
    else this.#open();
  }

  override close(): void {
    super.close();
    clearInterval(this.#timer);
    if (this.#retry) clearTimeout(this.#retry);
    document.removeEventListener("visibilitychange", this.#onVisible);
    this.#unwatch();
    this.#letGoOfSound();
    this.#feed?.close();
    this.#feed = null;
    this.#dropBuffer();
  }

  again(): void {
    this.mend();
    this.#failures = 0;
    this.#reopen();
  }

  dropSound(): void {
    if (!this.#sound) return;
    this.video.muted = true;
    this.#letGoOfSound();
    this.#buffer?.dropSound();
    this.figure({ sound: null });
    // It never began: the pictures had waited for it.
    if (!this.#feed && !this.#retry) this.#open();
    this.publish();
  }

  #letGoOfSound(): void {
    this.#sound = false;
    if (this.#soundPatience) clearTimeout(this.#soundPatience);
    this.#soundPatience = null;
    this.#soundFeed?.close();
    this.#soundFeed = null;
  }

  #loseSound(code: string): void {
    if (!this.#sound) return;
    this.dropSound();
    this.events.soundLost?.(code);
  }

  #openSound(): void {
    if (this.#soundPatience) clearTimeout(this.#soundPatience);
    this.#soundPatience = setTimeout(() => this.#loseSound("silent"), SOUND_PATIENCE_MS);
    const grant = { camera: this.camera, action: "live", sound: true } as const;
    this.#soundFeed = this.#socket.open(
      { kind: "live", grant, role: "sound", form: "aac" },
      {
        init: (event, bytes) => {
          if (!isPlayable(event.codec)) return this.#loseSound("unsupported");
          this.figure({ sound: event.converted_from ?? event.codec });
          // A sound's origin lies where it likes among the pictures: only one before the axis says something.
          if (event.origin_us < (this.#buffer?.baseUs ?? 0)) return this.#beginAnew();
          this.#buffer ??= this.#newBuffer();
          this.#buffer.init(event.codec, event.origin_us, bytes, "sound");
          if (!this.#feed) this.#open();
        },
        fragment: (piece) => {
          if (this.#soundPatience) clearTimeout(this.#soundPatience);
          this.#soundPatience = null;
          this.#came.sound = performance.now();
          this.#counted.bytes += piece.bytes.length;
          this.#buffer?.append(piece.bytes, true, "sound");
        },
        ended: (reason) => {
          this.#soundFeed = null;
          if (this.#sound && (reason === "lost" || reason === "expired")) this.#openSound();
          else this.#loseSound(reason);
        },
        refused: (code) => {
          this.#soundFeed = null;
          this.#loseSound(code);
        },
      },
    );
  }

  #open(): void {
    const grant = { camera: this.camera, action: "live" } as const;
    const { role, form } = this.plan;
    this.#feed = this.#socket.open({ kind: "live", grant, role, ...(form ? { form } : {}) }, this.#sink());
  }

  #reopen(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    this.#feed?.close();
    this.#open();
    this.publish();
  }

  #sink(): Sink {
    return {
      opened: (channel) => {
        this.figure({ channel });
        this.publish();
      },
      init: (event, bytes) => {
        const { codec, width, height, converted_from: convertedFrom } = event;
        this.figure({ codec, width, height, convertedFrom });
        if (!isPlayable(codec)) {
          this.#feed?.close();
          this.fail("unsupported", codec);
          return;
        }
        const known = { baseUs: this.#buffer?.baseUs ?? null, originUs: this.#originUs, lastUs: this.#lastWallUs };
        if (wentBack(known, event.origin_us)) {
          this.#beginAnew();
          if (this.#sound) return;
        }
        this.#originUs = event.origin_us;
        this.#buffer ??= this.#newBuffer();
        this.#buffer.init(codec, event.origin_us, bytes);
      },
      fragment: (piece) => this.#take(piece),
      state: (state, sinceUs, reason) => {
        this.facts.stream = { state, sinceUs, reason };
        this.#failures = 0;
        this.publish();
      },
      dropped: (frames) => this.figure({ droppedByServer: this.figures.droppedByServer + frames }),
      ended: (reason) => this.#ended(reason),
      refused: (code) => {
        // A camera that is watched by too many is asked again; a conversion without room leaves another way.
        if (isElsewhere(code) && (this.plan.form !== null || code !== "busy")) this.fail(code);
        else if (isFinal(code)) this.facts.refused = { code };
        else this.#later();
        this.publish();
      },
    };
  }

  #newBuffer(): MediaBuffer {
    return new MediaBuffer(
      this.video,
      {
        changed: () => this.#steer(),
        full: () => {
          const [first] = this.#buffer?.ranges() ?? [];
          if (first)
            this.#buffer?.remove(this.#buffer.wallOf(first[0]), this.#buffer.wallOf(this.video.currentTime - 2));
        },
        broken: () => {
          // A picture that cannot be decoded ends the element; the next keyframe starts a new one.
          this.#dropBuffer();
          this.#loseSound("broken");
          this.#later();
        },
      },
      this.#sound ? SOUND_ROOM_US : 0,
      this.#sound ? ["pictures", "sound"] : ["pictures"],
    );
  }

  #dropBuffer(): void {
    this.#buffer?.close();
    this.#buffer = null;
    this.facts.shownUs = null;
    this.facts.runsUpSinceUs = null;
    this.#lastWallUs = 0;
    // An element that lost its source runs at its own rate again.
    this.#rate = 1;
  }

  /** Another buffer, since time went back. With sound both are opened anew, as each needs an init on the new axis. */
  #beginAnew(): void {
    this.#dropBuffer();
    if (!this.#sound) return;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    this.#feed?.close();
    this.#feed = null;
    this.#soundFeed?.close();
    this.#openSound();
  }

  #take(piece: Piece): void {
    this.#came.pictures = performance.now();
    this.#counted.bytes += piece.bytes.length;
    this.#counted.frames += 1;
    const apart = (piece.wallUs - this.#lastWallUs) / 1e6;
    if (apart > 0 && apart < 5) this.#intervalS += 0.1 * (apart - this.#intervalS);
    this.#lastWallUs = piece.wallUs;
    this.#buffer?.append(piece.bytes, piece.keyframe);
  }

  #ended(reason: EndReason | "lost"): void {
    this.#feed = null;
    this.figure({ channel: null });
    if (reason === "revoked") {
      this.facts.refused = { code: "revoked" };
      this.publish();
      return;
    }
    // A lost line and an old token say nothing about the camera: go on as soon as that is possible.
    if (reason === "lost" || reason === "expired") this.#open();
    else this.#later();
    this.publish();
  }

  #later(): void {
    if (this.#retry) return;
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.facts.refused = null;
      this.#reopen();
    }, 1_000 + backoffMs(this.#failures, Math.random()));
  }

  /** Puts the playhead where `liveclock` wants it. */
  #steer(): void {
    const buffer = this.#buffer;
    if (!buffer || document.hidden) return;
    const video = this.video;
    const ranges = buffer.ranges();
    const { shownUs, runsUpSinceUs } = this.facts;
    const step = decide({
      playhead: video.currentTime,
      ranges,
      frameInterval: this.#intervalS,
      stage: shownUs === null ? "dark" : runsUpSinceUs === null ? "going" : "first",
      rate: this.#rate,
    });
    if (step.seek !== null && !video.seeking) video.currentTime = step.seek;
    if (runsUpSinceUs !== null && !video.seeking && step.rate <= FASTEST) {
      this.facts.runsUpSinceUs = null;
      // What is heard before is of the past.
      if (this.#sound) this.unmute();
    }
    if (step.rate !== this.#rate) {
      this.#rate = step.rate;
      video.playbackRate = step.rate;
    }
    if (video.paused && ranges.length > 0) {
      video.play().catch(() => {
        // Muted video may always play; if a browser still refuses, the next tick tries again.
      });
    }
  }

  #tick(): void {
    this.facts.lineUp = this.#socket.line.get().phase === "open";
    this.#steer();
    const buffer = this.#buffer;
    if (buffer) {
      const before = trimBefore({ playhead: this.video.currentTime, ranges: buffer.ranges() });
      const [first] = buffer.ranges();
      if (before !== null && first) buffer.remove(buffer.wallOf(first[0]), buffer.wallOf(before));
      // By when they came, not by their times: where the server's clock is set back, sound has
      // the new time at once, and pictures from their next keyframe on.
      const behindMs = this.#came.pictures - this.#came.sound;
      if (this.#sound && !this.#soundPatience && behindMs > DRY_MS) this.#loseSound("silent");
    }
    this.#count();
    this.publish();
  }

  #count(): void {
    const now = serverNowUs();
    const passed = now - this.#counted.atUs;
    if (passed < 2_000_000) return;
    if (this.#counted.atUs > 0) {
      const seconds = passed / 1e6;
      this.figure({
        framesPerSecond: this.#counted.frames / seconds,
        bitsPerSecond: (this.#counted.bytes * 8) / seconds,
        droppedHere: this.video.getVideoPlaybackQuality().droppedVideoFrames,
      });
    }
    this.#counted = { atUs: now, bytes: 0, frames: 0 };
  }

  #onVisible = () => {
    // A hidden page is not drawn, and some browsers stop it: begin again at the newest frame.
    if (document.hidden) return;
    this.#steer();
  };
}
