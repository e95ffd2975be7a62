/**
 * One live stream by WHEP (draft-ietf-wish-whep): an offer goes out by HTTP,
 * the answer comes back with the address of what was opened, and pictures and
 * sound come by RTP.
 *
 * ```text
 *   offer ─POST─▶ 201 answer, Location ──ICE──▶ pictures ─▶ … PUT token … ─▶ DELETE
 *                  │ 406, 404               │ not within `CONNECT_MS`, or lost
 *                  └────────────────────────┴─▶ failed, with the reason: the tile takes another way
 * ```
 *
 * A request that failed in passing is made again some times before that.
 *
 * RTP brings no wall time, so that of a picture is an estimate: by the
 * sender's clock where the browser knows it, else by when the frame came.
 */
import { closeWhep, openWhep, renewWhep } from "../api/watching";
import { serverClock } from "../lib/serverclock";
import type { Plan } from "./choose";
import { frameMoment } from "./framemoment";
import { Lease } from "./lease";
import { LivePlayer } from "./liveplayer";
import { watchFrames } from "./shown";
import type { MediaSocket } from "./socket";
import type { Grant } from "./tokens";

/** Within this ICE connects, or something on the way forbids it. */
const CONNECT_MS = 8_000;
/** A connection that is broken this long is begun anew. */
const BROKEN_MS = 6_000;
/** So often in a row, and then the way is given up. */
const MOST_REOPENED = 3;
/** Candidates of this machine come at once; what has not come by then is not waited for. */
const GATHER_MS = 500;
const TICK_MS = 1_000;

/** Whether this browser speaks WebRTC and takes a codec by it. */
export function takesByWhep(codec: string | null): boolean {
  if (!("RTCPeerConnection" in globalThis)) return false;
  if (codec === null) return true;
  const wanted = /^(hvc1|hev1)/.test(codec) ? "video/h265" : "video/h264";
  return RTCRtpReceiver.getCapabilities("video")?.codecs.some((c) => c.mimeType.toLowerCase() === wanted) ?? false;
}

export class WhepView extends LivePlayer {
  #socket: MediaSocket;
  #grant: Grant;
  #peer: RTCPeerConnection | null = null;
  #lease: Lease;
  #calledOff = new AbortController();
  #wasConnected = false;
  #reopened = 0;
  #limit: ReturnType<typeof setTimeout> | null = null;
  #timer: ReturnType<typeof setInterval>;
  #unwatch: () => void;
  #counted = { ms: 0, bytes: 0, frames: 0 };

  /** `sound`: whether it is to come with the pictures. */
  constructor(socket: MediaSocket, video: HTMLVideoElement, camera: string, plan: Plan, sound: boolean) {
    super(video, camera, plan, "received");
    this.#socket = socket;
    this.#grant = { camera, action: "live", ...(sound ? { sound } : {}) };
    this.#lease = new Lease(socket.tokens, this.#grant, {
      renew: renewWhep,
      close: closeWhep,
      lost: () => this.again(),
    });
    this.#unwatch = watchFrames(video, (nowMs, frame) => {
      const { ms, measured } = frameMoment(nowMs, frame);
      if (measured !== this.figures.measured) this.figure({ measured });
      if (this.facts.shownUs === null && sound) this.unmute();
      this.#reopened = 0;
      this.show(serverClock.at(Math.round((performance.timeOrigin + ms) * 1000)));
    });
    this.#timer = setInterval(() => void this.#tick(), TICK_MS);
    addEventListener("pagehide", this.#leave);
    void this.#open();
  }

  override close(): void {
    super.close();
    clearInterval(this.#timer);
    removeEventListener("pagehide", this.#leave);
    this.#unwatch();
    this.#end();
  }

  again(): void {
    this.mend();
    this.#reopened = 0;
    this.#end();
    void this.#open();
  }

  /** The owner opens another without sound: what was opened with it would go on sending it. */
  dropSound(): void {
    this.video.muted = true;
  }

  #leave = () => this.#end();

  #end(): void {
    this.#calledOff.abort();
    this.#calledOff = new AbortController();
    this.#wait(null);
    this.callOff();
    this.#peer?.close();
    this.#peer = null;
    this.video.srcObject = null;
    this.#lease.release();
  }

  /** What never connected will not; what did and broke is begun anew some times. */
  #broken(): void {
    this.#end();
    if (this.#wasConnected && this.#reopened < MOST_REOPENED) {
      this.#reopened += 1;
      void this.#open();
    } else this.fail(this.#wasConnected ? "lost" : "ice");
  }

  /** Gives up after a while, unless told otherwise before. */
  #wait(ms: number | null): void {
    if (this.#limit) clearTimeout(this.#limit);
    this.#limit = ms === null ? null : setTimeout(() => this.#broken(), ms);
  }

  async #open(): Promise<void> {
    const { signal } = this.#calledOff;
    const peer = new RTCPeerConnection();
    this.#peer = peer;
    try {
      const stream = new MediaStream();
      this.video.srcObject = stream;
      peer.addEventListener("track", ({ track }) => stream.addTrack(track));
      peer.addEventListener("connectionstatechange", () => this.#connected(peer));
      peer.addTransceiver("video", { direction: "recvonly" });
      if (this.#grant.sound) peer.addTransceiver("audio", { direction: "recvonly" });
      await peer.setLocalDescription(await peer.createOffer());
      await gathered(peer);
      const token = await this.#socket.tokens.get(this.#grant);
      if (signal.aborted) return;
      const answer = await openWhep(this.plan.role, peer.localDescription!.sdp, token.token, signal);
      if (!this.#lease.take(answer.path, token, signal)) return;
      this.#wait(CONNECT_MS);
      await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      this.opened();
      this.video.play().catch(() => undefined);
    } catch (error) {
      if (signal.aborted) return;
      this.#end();
      this.refuse(error, this.#grant.sound === true, () => void this.#open());
    }
  }

  #connected(peer: RTCPeerConnection): void {
    if (peer !== this.#peer) return;
    switch (peer.connectionState) {
      case "connected":
        this.#wasConnected = true;
        this.#wait(null);
        this.facts.lineUp = true;
        break;
      case "disconnected":
        this.facts.lineUp = false;
        this.#wait(BROKEN_MS);
        break;
      case "failed":
      case "closed":
        this.#broken();
        return;
    }
    this.publish();
  }

  async #tick(): Promise<void> {
    const peer = this.#peer;
    if (this.video.paused && this.video.srcObject) this.video.play().catch(() => undefined);
    void this.#lease.renew();
    if (peer) this.#read(await peer.getStats());
    this.publish();
  }

  #read(report: RTCStatsReport): void {
    const codecs = new Map<string, string>();
    report.forEach((one: { id: string; type: string; mimeType?: string; sdpFmtpLine?: string }) => {
      if (one.type !== "codec" || !one.mimeType) return;
      const profile = /profile-level-id=(\w+)/.exec(one.sdpFmtpLine ?? "")?.[1];
      codecs.set(one.id, /h264/i.test(one.mimeType) && profile ? `avc1.${profile}` : one.mimeType.split("/")[1]!);
    });
    let bytes = 0;
    report.forEach((one: RTCInboundRtpStreamStats) => {
      if (one.type !== "inbound-rtp") return;
      bytes += one.bytesReceived ?? 0;
      const codec = codecs.get(one.codecId ?? "") ?? null;
      if (one.kind === "audio") {
        if ((one.bytesReceived ?? 0) > 0) this.figure({ sound: codec });
        return;
      }
      const { frameWidth = 0, frameHeight = 0, framesDropped = 0, packetsLost = 0, framesDecoded = 0 } = one;
      const now = performance.now();
      const seconds = (now - this.#counted.ms) / 1000;
      this.figure({
        codec,
        width: frameWidth,
        height: frameHeight,
        droppedByServer: packetsLost,
        droppedHere: framesDropped,
        ...(this.#counted.ms > 0 && { framesPerSecond: (framesDecoded - this.#counted.frames) / seconds }),
      });
      this.#counted.frames = framesDecoded;
    });
    const now = performance.now();
    if (this.#counted.ms > 0)
      this.figure({ bitsPerSecond: ((bytes - this.#counted.bytes) * 8e3) / (now - this.#counted.ms) });
    this.#counted.ms = now;
    this.#counted.bytes = bytes;
  }
}

/** Waits for the addresses of this machine: WHEP sends them with the offer. */
function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, GATHER_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(limit);
      resolve();
    });
  });
}
