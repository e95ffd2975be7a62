/**
 * Where the live picture should stand, and how fast it should run to get there.
 *
 * ```text
 *            played                    ahead
 *   ├──────────────────────●─────┬──────────┬───────────────┬────────▶
 *  start                playhead low      high             far
 *                          ◀──────── behind ────────▶ end (newest frame)
 * ```
 *
 * Closer than `low` the picture would stutter on jitter; between `low` and
 * `high` nothing is done; beyond `high` it runs faster until it is back at
 * `low`; beyond `far` it jumps.
 *
 * What comes first is the group of pictures so far, and the newest needs all of
 * it decoded. So the keyframe is shown at once, and the rest runs by as fast as it
 * is decoded. Pure: `mse.ts` has the buffer, `live.ts` acts.
 */

/** What the buffer and the playhead say, in seconds of media time. */
export interface LiveBuffer {
  playhead: number;
  /** The ranges buffered, in order. */
  ranges: readonly (readonly [number, number])[];
  /** How far apart frames are; a slow camera needs more room. */
  frameInterval: number;
  /** Nothing was shown yet, a first picture was, or the newest were reached since. */
  stage: LiveStage;
  /** The rate set last, for hysteresis. */
  rate: number;
}

export type LiveStage = "dark" | "first" | "going";

export interface LiveStep {
  /** Where to jump, or null to stay. */
  seek: number | null;
  rate: number;
}

const FAR = 1.5;
/** How fast a picture that fell behind catches up, at most. */
export const FASTEST = 1.25;
/** How fast what came before the newest runs by, at most; longer groups are jumped over. */
const RUNNING = 8;
const LONGEST_RUN = 12;
/** It is looked at four times a second at least: by then it is at most where it should be. */
const RUN_S = 0.25;
/** A playhead this close to the first picture is at it: browsers round. */
const AT_START = 0.01;

/** Decides once; called a few times a second and at each append until the first picture. */
export function decide(buffer: LiveBuffer): LiveStep {
  const last = buffer.ranges.at(-1);
  if (!last) return { seek: null, rate: 1 };
  const [start, end] = last;
  const low = Math.max(0.2, 1.5 * buffer.frameInterval);
  const high = low + 0.3;
  const target = Math.max(start, end - low);

  if (buffer.stage === "dark") {
    const isThere = buffer.playhead > start - AT_START && buffer.playhead <= end;
    return { seek: isThere ? null : start, rate: 1 };
  }
  // A hole lies between the playhead and the newest frames: what is before it is over.
  if (buffer.playhead < start) return { seek: target, rate: 1 };
  // Past the end: the axis jumped back, or a jump was rounded over the edge.
  if (buffer.playhead > end + 0.5) return { seek: target, rate: 1 };

  const behind = end - buffer.playhead;
  if (buffer.stage === "first" && behind > high && behind < LONGEST_RUN) {
    // Slower as the end comes near, which must not be run over.
    const rate = Math.min(RUNNING, 1 + (behind - low) / RUN_S);
    return { seek: null, rate: Math.round(rate * 10) / 10 };
  }
  if (behind > Math.max(FAR, high + 0.5)) return { seek: target, rate: 1 };
  const catching = buffer.rate > 1;
  if (behind > high || (catching && behind > low)) {
    const rate = Math.min(FASTEST, 1.05 + 0.2 * (behind - low));
    return { seek: null, rate: Math.round(rate * 100) / 100 };
  }
  return { seek: null, rate: 1 };
}

/** A conversion that is made anew begins at the last keyframe: so little before what was seen is no step. */
const STEP_US = 2_000_000;

/** What is known of the axis of a buffer, µs of wall time. */
export interface LiveAxis {
  /** Where it begins; null before anything came. */
  baseUs: number | null;
  /** The origin that was told last. */
  originUs: number;
  /** Of the last picture that came. */
  lastUs: number;
}

/**
 * Whether an origin says that the server's clock was set back. What comes then
 * lies before the axis, where it would be dropped without a word, or among
 * pictures that came already and count as the newest.
 */
export function wentBack({ baseUs, originUs, lastUs }: LiveAxis, nextUs: number): boolean {
  if (baseUs === null) return false;
  // A stream that is opened again goes on with the origin it had, however long ago that was.
  return nextUs < baseUs || (nextUs !== originUs && nextUs < lastUs - STEP_US);
}

/** Returns up to where old pictures may go, or null while too little would be won. */
export function trimBefore(buffer: Pick<LiveBuffer, "playhead" | "ranges">): number | null {
  const first = buffer.ranges[0];
  if (!first) return null;
  return buffer.playhead - first[0] > 20 ? buffer.playhead - 8 : null;
}
