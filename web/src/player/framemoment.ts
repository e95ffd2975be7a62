/** How old a picture that came by RTP is, as far as the browser knows: it carries no wall time. Pure. */
import type { Measured } from "./liveplayer";

/** Returns when a frame was taken, in milliseconds of the page's clock, and how that is known. */
export function frameMoment(
  nowMs: number,
  frame: { captureTime?: number; receiveTime?: number },
): { ms: number; measured: Measured } {
  const { captureTime, receiveTime } = frame;
  // A sender whose clock is not this one's tells times that cannot be.
  if (captureTime !== undefined && captureTime <= nowMs && captureTime > nowMs - 60_000)
    return { ms: captureTime, measured: "captured" };
  if (receiveTime !== undefined && receiveTime <= nowMs) return { ms: receiveTime, measured: "received" };
  return { ms: nowMs, measured: "drawn" };
}
