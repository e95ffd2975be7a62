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
 * `low`; beyond `far` it jumps. Pure: `mse.ts` has the buffer, `live.ts` acts.
 */

/** What the buffer and the playhead say, in seconds of media time. */
export interface LiveBuffer {
  playhead: number;
  /** The ranges buffered, in order. */
  ranges: readonly (readonly [number, number])[];
  /** How far apart frames are; a slow camera needs more room. */
  frameInterval: number;
  /** Whether a first picture was shown; before that the newest is wanted at once. */
  started: boolean;
  /** The rate set last, for hysteresis. */
  rate: number;
}

export interface LiveStep {
  /** Where to jump, or null to stay. */
  seek: number | null;
  rate: number;
}

const FAR = 1.5;
const FASTEST = 1.25;

/** Decides once; called a few times a second and at each append until the first picture. */
export function decide(buffer: LiveBuffer): LiveStep {
  const last = buffer.ranges.at(-1);
  if (!last) return { seek: null, rate: 1 };
  const [start, end] = last;
  const low = Math.max(0.2, 1.5 * buffer.frameInterval);
  const high = low + 0.3;
  const target = Math.max(start, end - low);

  if (!buffer.started) return { seek: Math.abs(buffer.playhead - target) < low ? null : target, rate: 1 };
  // A hole lies between the playhead and the newest frames: what is before it is over.
  if (buffer.playhead < start) return { seek: target, rate: 1 };
  // Past the end: the axis jumped back, or a jump was rounded over the edge.
  if (buffer.playhead > end + 0.5) return { seek: target, rate: 1 };

  const behind = end - buffer.playhead;
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
