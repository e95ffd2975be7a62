import { expect, test } from "vitest";
import type { Timeline } from "../../api/types";
import { nextFootage, union } from "./footage";

const of = (...runs: [number, number][]): Timeline => ({
  runs: runs.map(([from_us, to_us]) => ({ from_us, to_us })),
  gaps: [],
  deleted: [],
  first_us: null,
  last_us: null,
  synced_us: null,
});
const both = [of([0, 10], [20, 30]), of([5, 12], [28, 40])];

test("joins what overlaps or touches, and changes nothing it was given", () => {
  expect(union(both)).toEqual([
    { from_us: 0, to_us: 12 },
    { from_us: 20, to_us: 40 },
  ]);
  expect(both[0]!.runs[0]).toEqual({ from_us: 0, to_us: 10 });
  expect(union([])).toEqual([]);
});

test("finds the next footage at every moment, as a scan does", () => {
  const has = (us: number) => both.some((t) => t.runs.some((r) => r.from_us <= us && us < r.to_us));
  for (let us = -5; us < 45; us++) {
    let scan: number | null = null;
    for (let at = us; at < 50 && scan === null; at++) if (has(at)) scan = at;
    expect(nextFootage(both, us), `${us}`).toBe(scan);
  }
});
