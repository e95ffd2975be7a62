/**
 * What is known of a stretch of the past, frame by frame. Pure: `pastview.ts`
 * has the video, `fmp4.ts` read the times.
 *
 * ```text
 *  startUs                                             endUs
 *    ├─fragment─┤├─fragment─┤╱╱╱ gap ╱╱╱├─fragment─┤      …more comes
 *       · · · ·    · · · · ·   nothing    · · · ·
 *                     ▲ at(t): the last frame that began by t
 * ```
 *
 * One channel sends in order of time and leaves nothing out, so between
 * `startUs` and `endUs` everything is known: a frame, or that there is none.
 */

export interface Gap {
  fromUs: number;
  toUs: number;
  reason: string;
}

export type Moment =
  /** A frame stands on the screen from `wallUs` until `endUs`. */
  | { kind: "frame"; wallUs: number; endUs: number }
  | { kind: "gap"; gap: Gap }
  /** Not known here, or not yet. */
  | { kind: "unknown" };

interface KnownFragment {
  startUs: number;
  endUs: number;
  /** Wall times of its frames, rising. */
  framesUs: number[];
}

/** Two fragments closer than this are one row: cameras do not keep time to the millisecond. */
const SEAM_US = 500_000;

export class Stretch {
  #startUs: number;
  #endUs: number;
  #fragments: KnownFragment[] = [];
  #gaps: Gap[] = [];

  /** Begins where the channel was asked to begin; the first fragment may reach back further. */
  constructor(fromUs: number) {
    this.#startUs = fromUs;
    this.#endUs = fromUs;
  }

  get startUs(): number {
    return this.#startUs;
  }

  get endUs(): number {
    return this.#endUs;
  }

  /** Adds a fragment; one that does not go on from what is known is passed over. */
  addFragment(framesUs: number[], endUs: number): boolean {
    const first = framesUs[0];
    if (first === undefined || endUs <= first) return false;
    const last = this.#fragments.at(-1);
    if (last && first <= last.startUs) return false;
    // What came before the first fragment, and was not called a gap, is that fragment's late start.
    if (!last && this.#gaps.length === 0 && first > this.#startUs + SEAM_US)
      this.#gaps.push({ fromUs: this.#startUs, toUs: first, reason: "" });
    else if (first > this.#endUs + SEAM_US) this.#gaps.push({ fromUs: this.#endUs, toUs: first, reason: "" });
    this.#startUs = Math.min(this.#startUs, first);
    this.#fragments.push({ startUs: first, endUs, framesUs });
    this.#endUs = Math.max(this.#endUs, endUs);
    return true;
  }

  addGap(gap: Gap): void {
    if (gap.toUs <= this.#endUs && this.#fragments.length > 0) return;
    this.#gaps.push(gap);
    this.#startUs = Math.min(this.#startUs, gap.fromUs);
    this.#endUs = Math.max(this.#endUs, gap.toUs);
  }

  /** Says what stands on the screen at a moment. */
  at(us: number): Moment {
    if (us < this.#startUs) return { kind: "unknown" };
    const gap = this.#gaps.findLast((g) => g.fromUs <= us && us < g.toUs);
    const index = this.#fragments.findLastIndex((f) => f.startUs <= us);
    const fragment = this.#fragments[index];
    if (fragment) {
      const next = this.#fragments[index + 1];
      // A frame stands until the next one, across the small holes that clocks make.
      const seam = next && next.startUs - fragment.endUs <= SEAM_US ? next.startUs : fragment.endUs;
      if (us < Math.max(fragment.endUs, seam)) {
        const at = fragment.framesUs.findLastIndex((f) => f <= us);
        return { kind: "frame", wallUs: fragment.framesUs[at]!, endUs: fragment.framesUs[at + 1] ?? seam };
      }
    }
    return gap ? { kind: "gap", gap } : { kind: "unknown" };
  }

  /** Returns the next frame after a moment; null when it is not known yet. */
  frameAfter(us: number): number | null {
    for (const fragment of this.#fragments) {
      if (fragment.framesUs.at(-1)! <= us) continue;
      return fragment.framesUs.find((f) => f > us)!;
    }
    return null;
  }

  /** Returns the last frame before a moment; null when none is known. */
  frameBefore(us: number): number | null {
    for (let i = this.#fragments.length - 1; i >= 0; i--) {
      const { framesUs } = this.#fragments[i]!;
      if (framesUs[0]! < us) return framesUs.findLast((f) => f < us)!;
    }
    return null;
  }

  /** Forgets whole fragments that ended by `us`; returns up to where that is, or null if it is nowhere. */
  forget(us: number): number | null {
    const kept = this.#fragments.findIndex((f) => f.endUs > us);
    if (kept <= 0) return null;
    this.#fragments.splice(0, kept);
    this.#startUs = this.#fragments[0]!.startUs;
    this.#gaps = this.#gaps.filter((g) => g.toUs > this.#startUs);
    return this.#startUs;
  }
}

/** Returns how far ahead of the cursor pictures are wanted, µs: more when they go by faster. */
export function wantedAheadUs(rate: number): number {
  return (4 + 3 * Math.max(1, rate)) * 1e6;
}

/** Returns the rate that brings a picture back in step with the cursor, or null when it should jump. */
export function followRate(rate: number, driftUs: number): number | null {
  const seconds = driftUs / 1e6 / Math.max(1, rate);
  if (Math.abs(seconds) > 0.6) return null;
  if (Math.abs(seconds) < 0.03) return rate;
  return rate * Math.min(1.15, Math.max(0.85, 1 - seconds * 0.5));
}
