import { expect, test } from "vitest";
import type { Organisation } from "../api/types";
import { above, bodyChoices, bodyRows, countOf, isWithin, wardChoices } from "./bodies";

const body = (id: string, name: string, parent: string | null, more: Partial<Organisation> = {}): Organisation => ({
  id,
  kind: "other",
  code: null,
  name,
  name_en: null,
  former_names: [],
  parent,
  valid_from: null,
  valid_until: null,
  successors: [],
  ...more,
});

const bodies = [
  body("w2", "Phường Cửa Nam", "city", { kind: "ward_committee", code: "00082" }),
  body("city", "Thành phố", null),
  body("w1", "Phường Ô Chợ Dừa", "city", { kind: "ward_committee", code: "00199" }),
  body("team", "Đội 1", "w1", { former_names: ["Tổ công tác"] }),
  body("old", "Quận Đống Đa", null, { valid_until: "2025-06-30", successors: ["w1"] }),
];

const names = (wanted: { turned?: string[]; filter?: string; ended?: boolean } = {}) =>
  bodyRows(bodies, { filter: "", ended: false, ...wanted, turned: new Set(wanted.turned) }).map(
    ({ body, depth }) => `${"·".repeat(depth)}${body.name}`,
  );

test("the highest are open at first, what ended is left out, and each can be turned", () => {
  expect(names()).toEqual(["Thành phố", "·Phường Cửa Nam", "·Phường Ô Chợ Dừa"]);
  expect(names({ turned: ["w1"], ended: true })).toEqual([
    "Quận Đống Đa",
    "Thành phố",
    "·Phường Cửa Nam",
    "·Phường Ô Chợ Dừa",
    "··Đội 1",
  ]);
  expect(names({ turned: ["city"] })).toEqual(["Thành phố"]);
});

test("finds without marks, by code and former name, and shows the way there", () => {
  expect(names({ filter: "to cong" })).toEqual(["Thành phố", "·Phường Ô Chợ Dừa", "··Đội 1"]);
  expect(names({ filter: "00082" })).toEqual(["Thành phố", "·Phường Cửa Nam"]);
  expect(names({ filter: "dong da" })).toEqual([]);
  expect(countOf(bodies, "dong da")).toBe(1);
});

test("one is within what it stands below, and a circle has an end", () => {
  expect(above(bodies, "team").map(({ id }) => id)).toEqual(["city", "w1"]);
  expect(isWithin(bodies, "team", "city")).toBe(true);
  expect(isWithin(bodies, "city", "team")).toBe(false);
  expect(above([body("a", "A", "b"), body("b", "B", "a")], "a").map(({ id }) => id)).toEqual(["a", "b"]);
});

test("what is chosen among says whose unit it is; wards go by their codes", () => {
  const choices = bodyChoices(bodies, ({ valid_until }) => valid_until == null);
  expect(choices.map(({ text, more }) => [text, more])).toEqual([
    ["Thành phố", undefined],
    ["Phường Cửa Nam", "Thành phố"],
    ["Phường Ô Chợ Dừa", "Thành phố"],
    ["Đội 1", "Phường Ô Chợ Dừa"],
  ]);
  expect(wardChoices(bodies).map(({ id }) => id)).toEqual(["00082", "00199"]);
});
