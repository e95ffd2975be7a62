/** The stretch that is to be taken out or held, and how it is marked at the cursor. Pure. */
import { SECOND_US } from "../../lib/time";

export interface Selection {
  fromUs: number;
  toUs: number;
}

export type Side = "from" | "to";

/** A stretch of which only one end was said is this long. */
const USUAL_US = 30 * SECOND_US;

/**
 * Returns the selection after one end of it was set. An end that would lie
 * before its beginning takes the other end along; nothing reaches into the
 * future while there is a past to take.
 */
export function marked(selection: Selection | null, side: Side, us: number, nowUs: number): Selection {
  if (side === "to") {
    const fromUs = selection && selection.fromUs < us ? selection.fromUs : us - USUAL_US;
    return { fromUs, toUs: us };
  }
  const toUs = selection && selection.toUs > us ? selection.toUs : Math.min(us + USUAL_US, nowUs);
  return toUs - us >= SECOND_US ? { fromUs: us, toUs } : { fromUs: us - USUAL_US, toUs: us };
}
