/**
 * What a live tile says of itself: never black and silent. Pure.
 *
 * ```text
 *  opened ──▶ connecting ──first picture──▶ live ◀──▶ late (> 2 s, once the newest was reached)
 *                  ▲                          │
 *                  └──camera back── no_data ◀─┘ the recorder says so, or nothing new for 10 s
 *  refused, unsupported: final until asked again
 * ```
 */
import type { StreamState } from "./protocol";

export type LiveKind = "connecting" | "live" | "late" | "no_data" | "refused" | "unsupported";

export interface LiveFacts {
  /** What the recorder says, once it said something. */
  stream: { state: StreamState; sinceUs: number; reason: string | null } | null;
  /** Why nothing will come, if so. */
  refused: { code: string } | null;
  unsupported: boolean;
  /** Wall time of the picture on the screen. */
  shownUs: number | null;
  /** Since when pictures run by, from the first one to the newest; null before and after. */
  runsUpSinceUs: number | null;
  /** When this tile began to wait. */
  openedUs: number;
  /** Whether the line to the server is up. */
  lineUp: boolean;
}

export interface LiveStatus {
  kind: LiveKind;
  /** Since when it is so, where that says something. */
  sinceUs: number | null;
  /** A camera's fault, or the code of a refusal. */
  reason: string | null;
  /** How old the picture on the screen is; null without one. */
  delayUs: number | null;
}

const LATE_US = 2_000_000;
const GONE_US = 10_000_000;
/** A machine that takes longer for what was before the newest falls behind. */
const RUN_UP_US = 3_000_000;

export function liveStatus(facts: LiveFacts, nowUs: number): LiveStatus {
  const delayUs = facts.shownUs === null ? null : Math.max(0, nowUs - facts.shownUs);
  if (facts.refused) return { kind: "refused", sinceUs: null, reason: facts.refused.code, delayUs: null };
  if (facts.unsupported) return { kind: "unsupported", sinceUs: null, reason: null, delayUs: null };
  const { stream, shownUs } = facts;
  if (stream?.state === "no_data") return { kind: "no_data", sinceUs: stream.sinceUs, reason: stream.reason, delayUs };
  if (shownUs === null || delayUs === null) {
    const reason = stream?.state === "connecting" ? stream.reason : null;
    return { kind: "connecting", sinceUs: facts.openedUs, reason, delayUs: null };
  }
  const { runsUpSinceUs } = facts;
  const runsUp = runsUpSinceUs !== null && nowUs - runsUpSinceUs < RUN_UP_US;
  if (delayUs > GONE_US && !runsUp) {
    // The camera came back after this picture: the next one is on its way.
    if (stream && stream.sinceUs > shownUs && nowUs - stream.sinceUs < GONE_US)
      return { kind: "connecting", sinceUs: stream.sinceUs, reason: stream.reason, delayUs };
    return { kind: "no_data", sinceUs: shownUs, reason: facts.lineUp ? "silent" : "line", delayUs };
  }
  if (delayUs > LATE_US && !runsUp)
    return { kind: "late", sinceUs: shownUs, reason: facts.lineUp ? null : "line", delayUs };
  return { kind: "live", sinceUs: stream?.state === "live" ? stream.sinceUs : null, reason: null, delayUs };
}
