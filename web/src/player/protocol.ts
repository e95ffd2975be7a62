/**
 * The words on the media socket: JSON control, and binary messages with a
 * header of 16 bytes. Bytes and text in, values out; `socket.ts` has the wire.
 *
 * ```text
 * 0  u8   kind: 1 init · 2 live fragment · 3 past fragment
 * 1  u8   flags: bit 0 begins with a keyframe
 * 2  u16  zero
 * 4  u32  channel
 * 8  i64  wall time of the first frame, µs
 * 16      fMP4
 * ```
 */
import type { Role } from "../api/types";

export type { Role } from "../api/types";

/** What a channel carries: a stream of pictures, or the camera's sound. */
export type ChannelRole = Role | "sound";

/** What a stream is converted to where it is something else: pictures to H.264, sound to AAC. */
export type Form = "h264" | "aac";

export type ClientOp =
  | { op: "live"; ref: string; token: string; role: ChannelRole; form?: Form }
  | { op: "past"; ref: string; token: string; role: ChannelRole; form?: Form; from_us: number; credit: number }
  | { op: "credit"; channel: number; fragments: number }
  | { op: "renew"; channel: number; token: string }
  | { op: "stop"; channel: number }
  | { op: "ping"; sent: number };

export type StreamState = "connecting" | "live" | "no_data";
export type EndReason = "caught_up" | "stopped" | "expired" | "revoked" | "error";

export interface InitEvent {
  type: "init";
  channel: number;
  codec: string;
  width: number;
  height: number;
  origin_us: number;
  /** The codec before conversion, or null. */
  converted_from: string | null;
}

export type ServerEvent =
  | { type: "opened"; ref: string; channel: number }
  | InitEvent
  | { type: "state"; channel: number; state: StreamState; since_us: number; reason: string | null }
  | { type: "gap"; channel: number; from_us: number; to_us: number; reason: string }
  | { type: "dropped"; channel: number; frames: number }
  | { type: "end"; channel: number; reason: EndReason }
  | { type: "refused"; ref: string | null; channel: number | null; code: string; message: string }
  | { type: "pong"; sent: number; now_us: number };

export type PieceKind = "init" | "live" | "past";

export interface Piece {
  kind: PieceKind;
  keyframe: boolean;
  channel: number;
  /** Wall time of the first frame; 0 for an init. */
  wallUs: number;
  bytes: Uint8Array<ArrayBuffer>;
}

const HEADER_BYTES = 16;

const KINDS: Record<number, PieceKind> = { 1: "init", 2: "live", 3: "past" };
const STATES: readonly string[] = ["connecting", "live", "no_data"];
const ENDS: readonly string[] = ["caught_up", "stopped", "expired", "revoked", "error"];

/** Reads a binary message; null for what is none of ours. */
export function parsePiece(buffer: ArrayBuffer): Piece | null {
  if (buffer.byteLength < HEADER_BYTES) return null;
  const view = new DataView(buffer);
  const kind = KINDS[view.getUint8(0)];
  if (!kind) return null;
  return {
    kind,
    keyframe: (view.getUint8(1) & 1) !== 0,
    channel: view.getUint32(4),
    // Microseconds since 1970 stay below 2^53 until the year 2255.
    wallUs: Number(view.getBigInt64(8)),
    bytes: new Uint8Array(buffer, HEADER_BYTES),
  };
}

/** Reads a text message; null for one that this client does not know, which is to be passed over. */
export function parseEvent(text: string): ServerEvent | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof raw !== "object" || raw === null) return null;
  const m = raw as Record<string, unknown>;
  const channel = whole(m.channel);
  switch (m.type) {
    case "opened":
      return typeof m.ref === "string" && channel !== null ? { type: "opened", ref: m.ref, channel } : null;
    case "init": {
      const [width, height, origin_us] = [whole(m.width), whole(m.height), whole(m.origin_us)];
      if (channel === null || width === null || height === null || origin_us === null) return null;
      if (typeof m.codec !== "string") return null;
      const converted_from = words(m.converted_from);
      return { type: "init", channel, codec: m.codec, width, height, origin_us, converted_from };
    }
    case "state": {
      const since_us = whole(m.since_us);
      if (channel === null || since_us === null || !STATES.includes(m.state as string)) return null;
      return { type: "state", channel, state: m.state as StreamState, since_us, reason: words(m.reason) };
    }
    case "gap": {
      const [from_us, to_us] = [whole(m.from_us), whole(m.to_us)];
      if (channel === null || from_us === null || to_us === null || to_us <= from_us) return null;
      return { type: "gap", channel, from_us, to_us, reason: words(m.reason) ?? "" };
    }
    case "dropped":
      return channel === null ? null : { type: "dropped", channel, frames: whole(m.frames) ?? 0 };
    case "end":
      if (channel === null || !ENDS.includes(m.reason as string)) return null;
      return { type: "end", channel, reason: m.reason as EndReason };
    case "refused":
      return {
        type: "refused",
        ref: words(m.ref),
        channel,
        code: words(m.code) ?? "",
        message: words(m.message) ?? "",
      };
    case "pong": {
      const now_us = whole(m.now_us);
      return typeof m.sent === "number" && now_us !== null ? { type: "pong", sent: m.sent, now_us } : null;
    }
    default:
      return null;
  }
}

function whole(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}

function words(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
