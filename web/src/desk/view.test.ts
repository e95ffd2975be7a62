import { expect, test } from "vitest";
import {
  clear,
  EMPTY_VIEW,
  fill,
  landing,
  moveSelection,
  parseView,
  put,
  resize,
  select,
  shown,
  swap,
  toggleExpanded,
} from "./view";

const abc = fill(EMPTY_VIEW, ["a", "b", "c"]);

test("fills free tiles in order and leaves out what finds no room", () => {
  expect(shown(abc)).toEqual(["a", "b", "c", null]);
  expect(shown(fill(abc, ["c", "d", "e"]))).toEqual(["a", "b", "c", "d"]);
});

test("a camera stands in one tile only: it moves, and changes places with what stood there", () => {
  expect(shown(put(abc, 3, "a"))).toEqual([null, "b", "c", "a"]);
  expect(shown(put(abc, 2, "a"))).toEqual(["c", "b", "a", null]);
  expect(shown(put(abc, 1, "d"))).toEqual(["a", "d", "c", null]);
  expect(shown(swap(abc, 0, 3))).toEqual([null, "b", "c", "a"]);
});

test("a smaller grid forgets nothing", () => {
  const small = resize(select(abc, 2), 1);
  expect(shown(small)).toEqual(["a"]);
  expect(small.selected).toBe(0);
  expect(shown(resize(small, 4))).toEqual(["a", "b", "c", null]);
});

test("a camera that is picked lands in the selected tile, else in the first free one, else on the selected", () => {
  expect(landing(abc)).toBe(3);
  expect(landing(select(abc, 3))).toBe(3);
  expect(landing(fill(abc, ["d"]))).toBe(0);
});

test("clearing the tile that fills the grid brings the grid back", () => {
  const big = toggleExpanded(abc, 1);
  expect(big.expanded).toBe(1);
  expect(clear(big, 1)).toMatchObject({ expanded: null, selected: 1 });
  expect(toggleExpanded(big, 1).expanded).toBeNull();
});

test("the selection moves inside the grid and takes the full view along", () => {
  expect(moveSelection(abc, 1, 0).selected).toBe(1);
  expect(moveSelection(abc, 2, 0).selected).toBe(0);
  expect(moveSelection(moveSelection(abc, 1, 0), 0, 1).selected).toBe(3);
  expect(moveSelection(abc, -1, 0).selected).toBe(0);
  expect(select(toggleExpanded(abc, 0), 1).expanded).toBe(1);
});

test("reads back what was kept, whatever somebody made of it", () => {
  expect(parseView(JSON.parse(JSON.stringify(abc)))).toEqual(abc);
  expect(parseView({ size: 4, tiles: ["a", "a", 7] })?.tiles.slice(0, 4)).toEqual(["a", null, null, null]);
  for (const bad of [null, 7, {}, { size: 5, tiles: [] }, { size: 4 }]) expect(parseView(bad)).toBeNull();
});
