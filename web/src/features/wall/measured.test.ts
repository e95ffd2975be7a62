import { expect, test } from "vitest";
import { isMeasured, NONE, toggleAll, toggleOne } from "./measured";

const measured = (of: typeof NONE) => [0, 1, 2, 3].filter((index) => isMeasured(of, index));

test("one tile is asked for its figures, and no longer", () => {
  const one = toggleOne(NONE, 2);
  expect(measured(one)).toEqual([2]);
  expect(measured(toggleOne(one, 2))).toEqual([]);
});

test("of all tiles that tell their figures one can be left out", () => {
  expect(measured(toggleOne(toggleAll(NONE), 1))).toEqual([0, 2, 3]);
});

test("all tiles are asked together, whichever told theirs before", () => {
  const all = toggleAll(toggleOne(NONE, 2));
  expect(measured(all)).toEqual([0, 1, 2, 3]);
  expect(measured(toggleAll(all))).toEqual([]);
});
