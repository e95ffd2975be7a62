/** Which of one's own wishes a second person has to answer, or has answered, covers what is to be taken out. Pure. */
import type { Approval } from "../api/types";

interface Wanted {
  camera: string;
  from_us: number;
  to_us: number;
}

/** Returns the wish that was approved and still holds; else the one that waits; null for none. */
export function approvalOf(all: readonly Approval[], wanted: Wanted, nowUs: number): Approval | null {
  const covers = all.filter(
    (one) => one.own && one.camera === wanted.camera && one.from_us <= wanted.from_us && one.to_us >= wanted.to_us,
  );
  const holds = (one: Approval) => one.state === "approved" && (one.until_us ?? 0) > nowUs;
  return covers.find(holds) ?? covers.find((one) => one.state === "waiting") ?? null;
}
