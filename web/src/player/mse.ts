/**
 * Puts fMP4 pieces into a `<video>`: one MediaSource, one SourceBuffer, a queue.
 *
 * The axis of the video element is `baseUs` + `currentTime`, for as long as
 * the element lives: pieces of different origins (a camera that came back, the
 * next segment) are laid onto it by `timestampOffset`. So wall time is one
 * addition away, and a stream that starts anew needs no new element.
 *
 * Knows no network and decides nothing: `live.ts` and `pastview.ts` do.
 */

/** A source of media: iPhones know only the managed one. */
interface MediaSourceLike extends MediaSource {
  /** Only on ManagedMediaSource. */
  readonly streaming?: boolean;
}

type MediaSourceClass = { new (): MediaSourceLike; isTypeSupported(type: string): boolean };

function mediaSourceClass(): MediaSourceClass | null {
  const scope = globalThis as { MediaSource?: MediaSourceClass; ManagedMediaSource?: MediaSourceClass };
  return scope.MediaSource ?? scope.ManagedMediaSource ?? null;
}

/** Whether this browser plays a codec by MSE. */
export function isPlayable(codec: string): boolean {
  return mediaSourceClass()?.isTypeSupported(mimeOf(codec)) ?? false;
}

function mimeOf(codec: string): string {
  return `video/mp4; codecs="${codec}"`;
}

type Work =
  | { kind: "init"; codec: string; originUs: number; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "append"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "remove"; from: number; to: number };

export interface BufferEvents {
  /** Something was appended or removed. */
  changed?(): void;
  /** The buffer is full: the owner should remove what it can spare. The piece is tried once more after that. */
  full?(): void;
  /** The element or the buffer broke for good; the owner builds a new one. */
  broken?(why: string): void;
}

export class MediaBuffer {
  /** Wall time of the element's time 0. Set by the first init, never changed. */
  baseUs: number | null = null;
  #video: HTMLVideoElement;
  #events: BufferEvents;
  #source: MediaSourceLike;
  #url: string;
  #buffer: SourceBuffer | null = null;
  #codec = "";
  #queue: Work[] = [];
  #retried = false;
  #closed = false;

  /** `room` is how far before the first origin a later piece may still lie. */
  constructor(
    video: HTMLVideoElement,
    events: BufferEvents,
    readonly roomUs = 0,
  ) {
    const Source = mediaSourceClass();
    if (!Source) throw new Error("this browser has no media source");
    this.#video = video;
    this.#events = events;
    this.#source = new Source();
    this.#url = URL.createObjectURL(this.#source);
    this.#source.addEventListener("sourceopen", () => this.#pump());
    // The managed source wants to hand playback to other devices unless told not to.
    video.disableRemotePlayback = true;
    video.src = this.#url;
    video.addEventListener("error", this.#onVideoError);
  }

  init(codec: string, originUs: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.baseUs ??= originUs - this.roomUs;
    this.#queue.push({ kind: "init", codec, originUs, bytes });
    this.#pump();
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    this.#queue.push({ kind: "append", bytes });
    this.#pump();
  }

  /** Removes pictures between two wall times. */
  remove(fromUs: number, toUs: number): void {
    if (this.baseUs === null) return;
    const [from, to] = [Math.max(0, this.timeOf(fromUs)), this.timeOf(toUs)];
    if (to > from) this.#queue.push({ kind: "remove", from, to });
    this.#pump();
  }

  /** Drops what waits and removes all. */
  clear(): void {
    // An init that waits is kept: what comes next may need it.
    this.#queue = this.#queue.filter((work) => work.kind === "init");
    this.#queue.unshift({ kind: "remove", from: 0, to: Number.POSITIVE_INFINITY });
    this.#pump();
  }

  /** Returns the ranges buffered, in seconds of the element's time. */
  ranges(): [number, number][] {
    // Once the source has closed, reading `buffered` throws.
    if (this.#closed || !this.#buffer || this.#source.readyState === "closed") return [];
    const { buffered } = this.#buffer;
    return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  }

  /** Returns the element's time of a wall time. */
  timeOf(wallUs: number): number {
    return (wallUs - (this.baseUs ?? 0)) / 1e6;
  }

  /** Returns the wall time of an element's time; exact to the microsecond for a frame's own time. */
  wallOf(time: number): number {
    return (this.baseUs ?? 0) + Math.round(time * 1e6);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#video.removeEventListener("error", this.#onVideoError);
    this.#video.removeAttribute("src");
    this.#video.load();
    URL.revokeObjectURL(this.#url);
  }

  #onVideoError = () => this.#break(this.#video.error?.message || "the picture cannot be decoded");

  #break(why: string): void {
    if (this.#closed) return;
    this.#queue = [];
    this.#events.broken?.(why);
  }

  #pump(): void {
    if (this.#closed || this.#source.readyState !== "open" || this.#video.error) return;
    if (this.#buffer?.updating) return;
    const work = this.#queue[0];
    if (!work) return;
    try {
      this.#do(work);
      this.#retried = false;
    } catch (error) {
      if (error instanceof DOMException && error.name === "QuotaExceededError" && !this.#retried) {
        // What the owner removes now goes before the piece that did not fit.
        this.#retried = true;
        const waiting = this.#queue;
        this.#queue = [];
        this.#events.full?.();
        this.#queue.push(...waiting);
        if (this.#queue.length > waiting.length) this.#pump();
        return;
      }
      this.#break(error instanceof Error ? error.message : String(error));
    }
  }

  #do(work: Work): void {
    switch (work.kind) {
      case "init": {
        this.#queue.shift();
        if (!this.#buffer) {
          this.#buffer = this.#source.addSourceBuffer(mimeOf(work.codec));
          this.#buffer.mode = "segments";
          this.#buffer.addEventListener("updateend", () => {
            this.#events.changed?.();
            this.#pump();
          });
          this.#source.duration = Number.POSITIVE_INFINITY;
        } else if (work.codec !== this.#codec) this.#buffer.changeType(mimeOf(work.codec));
        this.#codec = work.codec;
        // A quarter of a microsecond, so that neither cutting nor rounding to whole ones moves a frame.
        this.#buffer.timestampOffset = (work.originUs - (this.baseUs ?? 0) + 0.25) / 1e6;
        this.#buffer.appendBuffer(work.bytes);
        return;
      }
      case "append": {
        if (!this.#buffer) {
          this.#queue.shift();
          this.#pump();
          return;
        }
        // Pieces that wait together go in together: at 25 pictures a second and 16 tiles, calls cost more than bytes.
        let count = 1;
        while (this.#queue[count]?.kind === "append" && count < 64) count++;
        const pieces = this.#queue.slice(0, count).map((w) => (w as { bytes: Uint8Array<ArrayBuffer> }).bytes);
        this.#buffer.appendBuffer(pieces.length === 1 ? pieces[0]! : joined(pieces));
        this.#queue.splice(0, count);
        return;
      }
      case "remove": {
        this.#queue.shift();
        if (this.#buffer) this.#buffer.remove(work.from, work.to);
        else this.#pump();
        return;
      }
    }
  }
}

function joined(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
