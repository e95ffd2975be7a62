/** What several timelines say together: where any camera has footage. Pure. */
import type { Run, Timeline } from "../../api/types";

/** Returns the runs of all timelines as one row without overlaps. */
export function union(timelines: readonly Timeline[]): Run[] {
  const runs = timelines.flatMap((t) => t.runs).sort((a, b) => a.from_us - b.from_us);
  const out: Run[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last && run.from_us <= last.to_us) last.to_us = Math.max(last.to_us, run.to_us);
    else out.push({ ...run });
  }
  return out;
}

/** Returns the first moment at or after `us` at which there is footage; null if none is known. */
export function nextFootage(timelines: readonly Timeline[], us: number): number | null {
  const run = union(timelines).find((r) => r.to_us > us);
  return run ? Math.max(run.from_us, us) : null;
}
