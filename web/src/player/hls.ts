/**
 * One live stream by the browser's own HLS: for those that have neither MSE
 * nor a network that lets WebRTC through, as older iPhones.
 *
 * The browser keeps the playlist, the buffer and the playhead; what is left is
 * to open it with a token, renew that, and say how old the picture is. The
 * playlist's own clock tells that where the browser reads it; else how far
 * behind the playlist's end the playhead stands, which leaves out how long the
 * last piece took to come. Both are estimates.
 */
import { closeHls, openHls, renewHls } from "../api/watching";
import { serverNowUs } from "../lib/serverclock";
import type { Plan } from "./choose";
import { Lease } from "./lease";
import { LivePlayer, type Measured } from "./liveplayer";
import { watchFrames } from "./shown";
import type { MediaSocket } from "./socket";
import type { Grant } from "./tokens";

const TICK_MS = 500;
/** From here on the picture is brought back to the end of the playlist. */
const FAR_S = 12;
/** How often a player that broke is begun anew before the way is given up. */
const MOST_FAILURES = 3;

/** Whether this browser plays HLS by itself, and a codec by it. */
export function playsHls(codec: string | null): boolean {
  if (typeof document === "undefined") return false;
  const video = document.createElement("video");
  if (video.canPlayType("application/vnd.apple.mpegurl") === "") return false;
  return codec === null || video.canPlayType(`video/mp4; codecs="${codec}"`) !== "";
}

/** Only where the browser reads the playlist's clock. */
type Dated = HTMLVideoElement & { getStartDate?(): Date };

export class HlsView extends LivePlayer {
  #socket: MediaSocket;
  #grant: Grant;
  #lease: Lease;
  #failures = 0;
  #calledOff = new AbortController();
  #timer: ReturnType<typeof setInterval>;
  #unwatch: () => void;
  #counted = { ms: 0, frames: 0 };

  constructor(socket: MediaSocket, video: HTMLVideoElement, camera: string, plan: Plan, sound: boolean) {
    super(video, camera, plan, "edge");
    this.#socket = socket;
    this.#grant = { camera, action: "live", ...(sound ? { sound } : {}) };
    this.#lease = new Lease(socket.tokens, this.#grant, {
      renew: renewHls,
      close: closeHls,
      lost: () => this.again(),
    });
    this.#unwatch = watchFrames(video, (_nowMs, frame) => {
      const { wallUs, measured } = this.#moment(frame.mediaTime);
      if (measured !== this.figures.measured) this.figure({ measured });
      if (this.facts.shownUs === null && sound) this.unmute();
      this.#failures = 0;
      this.show(wallUs);
    });
    video.addEventListener("error", this.#onError);
    video.addEventListener("resize", this.#onSize);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    addEventListener("pagehide", this.#leave);
    void this.#open();
  }

  override close(): void {
    super.close();
    clearInterval(this.#timer);
    removeEventListener("pagehide", this.#leave);
    this.video.removeEventListener("error", this.#onError);
    this.video.removeEventListener("resize", this.#onSize);
    this.#unwatch();
    this.#end();
  }

  again(): void {
    this.mend();
    this.#failures = 0;
    this.#end();
    void this.#open();
  }

  /** The owner opens another without sound. */
  dropSound(): void {
    this.video.muted = true;
  }

  #leave = () => this.#end();

  #end(): void {
    this.callOff();
    this.#calledOff.abort();
    this.#calledOff = new AbortController();
    if (!this.#lease.release()) return;
    this.video.removeAttribute("src");
    this.video.load();
  }

  async #open(): Promise<void> {
    const { signal } = this.#calledOff;
    try {
      const token = await this.#socket.tokens.get(this.#grant);
      if (signal.aborted) return;
      const { id, url } = await openHls(this.plan.role, token.token, signal);
      if (!this.#lease.take(id, token, signal)) return;
      this.opened();
      this.video.src = url;
      this.video.play().catch(() => undefined);
    } catch (error) {
      if (!signal.aborted) this.refuse(error, this.#grant.sound === true, () => void this.#open());
    }
  }

  #onError = () => {
    if (!this.#lease.isHeld) return;
    this.#failures += 1;
    this.#end();
    if (this.#failures >= MOST_FAILURES) {
      this.fail("broken");
      return;
    }
    this.later(this.#failures, () => void this.#open());
  };

  #onSize = () => this.figure({ width: this.video.videoWidth, height: this.video.videoHeight });

  #moment(mediaTime: number): { wallUs: number; measured: Measured } {
    const startMs = (this.video as Dated).getStartDate?.().getTime() ?? Number.NaN;
    if (Number.isFinite(startMs) && startMs > 0)
      return { wallUs: Math.round((startMs + mediaTime * 1000) * 1000), measured: "playlist" };
    const { seekable } = this.video;
    const behind = seekable.length > 0 ? Math.max(0, seekable.end(seekable.length - 1) - mediaTime) : 0;
    return { wallUs: serverNowUs() - Math.round(behind * 1e6), measured: "edge" };
  }

  #tick(): void {
    const { video } = this;
    if (this.#lease.isHeld && video.paused) video.play().catch(() => undefined);
    const { seekable } = video;
    if (seekable.length > 0) {
      const end = seekable.end(seekable.length - 1);
      if (Number.isFinite(end) && end - video.currentTime > FAR_S && !video.seeking) video.currentTime = end - 2;
    }
    this.#count();
    void this.#lease.renew();
    this.publish();
  }

  #count(): void {
    const nowMs = performance.now();
    if (nowMs - this.#counted.ms < 2_000) return;
    const { totalVideoFrames, droppedVideoFrames } = this.video.getVideoPlaybackQuality();
    if (this.#counted.ms > 0)
      this.figure({
        framesPerSecond: ((totalVideoFrames - this.#counted.frames) * 1e3) / (nowMs - this.#counted.ms),
        droppedHere: droppedVideoFrames,
      });
    this.#counted = { ms: nowMs, frames: totalVideoFrames };
  }
}
