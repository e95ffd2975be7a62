/**
 * Puts fMP4 pieces into a `<video>`: one MediaSource, a SourceBuffer and a
 * queue for the pictures, and another for the sound where that is to be heard.
 *
 * ```text
 *   pictures ──▶ queue ──▶ SourceBuffer ─┐
 *                                        ├─▶ MediaSource ─▶ <video>
 *   sound ─────▶ queue ──▶ SourceBuffer ─┘
 * ```
 *
 * The axis of the video element is `baseUs` + `currentTime`, for as long as
 * the element lives: pieces of different origins (a camera that came back, the
 * next segment) are laid onto it by `timestampOffset`. So wall time is one
 * addition away, a stream that starts anew needs no new element, and sound
 * stands beside its pictures by its own wall time.
 *
 * A browser takes no second SourceBuffer once it has begun to play, so whether
 * there is sound is said when the buffer is made. It can be let go of at any
 * time, which leaves the pictures as they are.
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

/** Whether this browser plays a codec by MSE; null asks for MSE alone. */
export function isPlayable(codec: string | null): boolean {
  const source = mediaSourceClass();
  return source !== null && (codec === null || source.isTypeSupported(mimeOf(codec)));
}

/** Whether the browser says when it wants media, as on iPhones. */
export function isManaged(): boolean {
  return !("MediaSource" in globalThis) && "ManagedMediaSource" in globalThis;
}

function mimeOf(codec: string): string {
  return `${/^(mp4a|opus|ac-3|ec-3)/.test(codec) ? "audio" : "video"}/mp4; codecs="${codec}"`;
}

export type Track = "pictures" | "sound";

type Work =
  | { kind: "init"; codec: string; originUs: number; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "append"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "remove"; from: number; to: number };

class Lane {
  buffer: SourceBuffer | null = null;
  codec = "";
  queue: Work[] = [];
  retried = false;
  /** Bytes that wait. */
  waiting = 0;
  /** Pieces were thrown away: nothing fits until the next keyframe. */
  broken = false;
}

/** A browser that wants nothing for a while gets nothing; what then waits longer than this is thrown away. */
const MOST_WAITING = 16e6;

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
  #video: HTMLMediaElement;
  #events: BufferEvents;
  #source: MediaSourceLike;
  #url: string;
  #lanes = new Map<Track, Lane>();
  #closed = false;

  /** `room` is how far before the first origin a later piece may still lie. */
  constructor(
    video: HTMLMediaElement,
    events: BufferEvents,
    readonly roomUs = 0,
    tracks: readonly Track[] = ["pictures"],
  ) {
    const Source = mediaSourceClass();
    if (!Source) throw new Error("this browser has no media source");
    this.#video = video;
    this.#events = events;
    for (const track of tracks) this.#lanes.set(track, new Lane());
    this.#source = new Source();
    this.#url = URL.createObjectURL(this.#source);
    this.#source.addEventListener("sourceopen", this.#pumpAll);
    // A managed source says when it wants media: until then all waits.
    this.#source.addEventListener("startstreaming", this.#pumpAll);
    // The managed source wants to hand playback to other devices unless told not to.
    video.disableRemotePlayback = true;
    video.src = this.#url;
    video.addEventListener("error", this.#onVideoError);
  }

  init(codec: string, originUs: number, bytes: Uint8Array<ArrayBuffer>, track: Track = "pictures"): void {
    this.baseUs ??= originUs - this.roomUs;
    this.#lanes.get(track)?.queue.push({ kind: "init", codec, originUs, bytes });
    // The other lane may have waited for this one.
    this.#pumpAll();
  }

  append(bytes: Uint8Array<ArrayBuffer>, keyframe = true, track: Track = "pictures"): void {
    const lane = this.#lanes.get(track);
    if (!lane) return;
    if (this.#source.streaming === false && lane.waiting + bytes.length > MOST_WAITING) {
      lane.queue = lane.queue.filter((work) => work.kind !== "append");
      lane.waiting = 0;
      lane.broken = true;
    }
    if (lane.broken && !keyframe) return;
    lane.broken = false;
    lane.waiting += bytes.length;
    lane.queue.push({ kind: "append", bytes });
    this.#pump(lane);
  }

  /** Removes what lies between two wall times. */
  remove(fromUs: number, toUs: number): void {
    if (this.baseUs === null) return;
    const [from, to] = [Math.max(0, this.timeOf(fromUs)), this.timeOf(toUs)];
    if (to > from) for (const lane of this.#lanes.values()) lane.queue.push({ kind: "remove", from, to });
    this.#pumpAll();
  }

  /** Drops what waits and removes all. */
  clear(): void {
    for (const lane of this.#lanes.values()) {
      // An init that waits is kept: what comes next may need it.
      lane.queue = lane.queue.filter((work) => work.kind === "init");
      lane.queue.unshift({ kind: "remove", from: 0, to: Number.POSITIVE_INFINITY });
      lane.waiting = 0;
    }
    this.#pumpAll();
  }

  /** Lets go of the sound; the pictures play on. */
  dropSound(): void {
    const lane = this.#lanes.get("sound");
    if (!lane) return;
    this.#lanes.delete("sound");
    if (lane.buffer && this.#source.readyState !== "closed") this.#source.removeSourceBuffer(lane.buffer);
    this.#pumpAll();
  }

  /** Returns the ranges that can be played, in seconds of the element's time: where all tracks are. */
  ranges(): [number, number][] {
    return this.#lanes.size > 1 ? this.#rangesOf(() => this.#video.buffered) : this.rangesOf("pictures");
  }

  /** Returns the ranges of one track. */
  rangesOf(track: Track): [number, number][] {
    const buffer = this.#lanes.get(track)?.buffer;
    return buffer ? this.#rangesOf(() => buffer.buffered) : [];
  }

  #rangesOf(of: () => TimeRanges): [number, number][] {
    // Once the source has closed, reading `buffered` throws.
    if (this.#closed || this.#source.readyState === "closed") return [];
    const buffered = of();
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
    this.#lanes.clear();
    this.#source.removeEventListener("startstreaming", this.#pumpAll);
    this.#video.removeEventListener("error", this.#onVideoError);
    this.#video.removeAttribute("src");
    this.#video.load();
    URL.revokeObjectURL(this.#url);
  }

  #onVideoError = () => this.#break(this.#video.error?.message || "the picture cannot be decoded");

  #break(why: string): void {
    if (this.#closed) return;
    for (const lane of this.#lanes.values()) lane.queue = [];
    this.#events.broken?.(why);
  }

  #pumpAll = () => {
    for (const lane of [...this.#lanes.values()]) this.#pump(lane);
  };

  #pump(lane: Lane): void {
    if (this.#closed || this.#source.readyState !== "open" || this.#video.error) return;
    if (this.#source.streaming === false && lane.buffer) return;
    if (lane.buffer?.updating) return;
    const work = lane.queue[0];
    if (!work) return;
    try {
      this.#do(lane, work);
      lane.retried = false;
    } catch (error) {
      if (error instanceof DOMException && error.name === "QuotaExceededError" && !lane.retried) {
        // What the owner removes now goes before the piece that did not fit.
        lane.retried = true;
        const waiting = lane.queue;
        lane.queue = [];
        this.#events.full?.();
        lane.queue.push(...waiting);
        if (lane.queue.length > waiting.length) this.#pump(lane);
        return;
      }
      this.#break(error instanceof Error ? error.message : String(error));
    }
  }

  /** Makes the SourceBuffers of all lanes at once, when each knows its codec; says whether they are there. */
  #ready(): boolean {
    const lanes = [...this.#lanes.values()];
    if (lanes.every((lane) => lane.buffer)) return true;
    const firsts = lanes.map((lane) => lane.queue.find((work) => work.kind === "init"));
    if (firsts.some((first) => !first)) return false;
    lanes.forEach((lane, i) => {
      const buffer = this.#source.addSourceBuffer(mimeOf(firsts[i]!.codec));
      buffer.mode = "segments";
      buffer.addEventListener("updateend", () => {
        this.#events.changed?.();
        this.#pump(lane);
      });
      lane.buffer = buffer;
      lane.codec = firsts[i]!.codec;
    });
    this.#source.duration = Number.POSITIVE_INFINITY;
    return true;
  }

  #do(lane: Lane, work: Work): void {
    switch (work.kind) {
      case "init": {
        if (!this.#ready()) return;
        const buffer = lane.buffer!;
        lane.queue.shift();
        if (work.codec !== lane.codec) buffer.changeType(mimeOf(work.codec));
        lane.codec = work.codec;
        // A quarter of a microsecond, so that neither cutting nor rounding to whole ones moves a frame.
        buffer.timestampOffset = (work.originUs - (this.baseUs ?? 0) + 0.25) / 1e6;
        buffer.appendBuffer(work.bytes);
        return;
      }
      case "append": {
        if (!lane.buffer) {
          lane.queue.shift();
          lane.waiting -= work.bytes.length;
          this.#pump(lane);
          return;
        }
        // Pieces that wait together go in together: at 25 pictures a second and 16 tiles, calls cost more than bytes.
        let count = 1;
        while (lane.queue[count]?.kind === "append" && count < 64) count++;
        const pieces = lane.queue.slice(0, count).map((w) => (w as { bytes: Uint8Array<ArrayBuffer> }).bytes);
        const whole = pieces.length === 1 ? pieces[0]! : joined(pieces);
        lane.buffer.appendBuffer(whole);
        lane.waiting -= whole.length;
        lane.queue.splice(0, count);
        return;
      }
      case "remove": {
        lane.queue.shift();
        if (lane.buffer) lane.buffer.remove(work.from, work.to);
        else this.#pump(lane);
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
