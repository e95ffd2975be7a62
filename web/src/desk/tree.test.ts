import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CameraRow, Tree } from "../api/types";
import { compare, fold } from "../lib/fold";
import { treeRows } from "./tree";

const camera = (number: number, name: string, site: string): CameraRow => ({
  id: `c${number}`,
  number,
  name,
  site,
  make: null,
  class: "ordinary",
  streams: [],
  state: { kind: "recording", since_us: 0, reason: null },
  may: { live: true, playback: true, export: true, override: false, share: false, configure: false },
});

const tree: Tree = {
  organisations: [
    { id: "o2", name: "Phường Hoàn Kiếm", parent: "o1" },
    { id: "o1", name: "Công an Thành phố", parent: null },
    { id: "o9", name: "Đơn vị khác", parent: "hidden" },
    { id: "o8", name: "Chưa có gì", parent: "o1" },
  ],
  sites: [
    { id: "s2", name: "Phố Hàng Đào", organisation: "o2" },
    { id: "s1", name: "Chợ Đồng Xuân", organisation: "o2" },
    { id: "s9", name: "Kho", organisation: "o9" },
  ],
  cameras: [camera(12, "Lối xe tải", "s1"), camera(7, "Cổng chính", "s1"), camera(20, "Đầu phố", "s2")],
};

const names = (filter = "", closed: string[] = []) =>
  treeRows(tree, new Set(closed), filter).map((r) => `${"·".repeat(r.depth)}${r.name}`);

test("organisations, sites and cameras stand under each other, in order", () => {
  expect(names()).toEqual([
    "Công an Thành phố",
    "·Phường Hoàn Kiếm",
    "··Chợ Đồng Xuân",
    "···Cổng chính",
    "···Lối xe tải",
    "··Phố Hàng Đào",
    "···Đầu phố",
    "Đơn vị khác",
    "·Kho",
  ]);
});

test("a closed branch keeps its count and hides its rows", () => {
  const rows = treeRows(tree, new Set(["o2"]), "");
  expect(rows.map((r) => r.name)).toEqual(["Công an Thành phố", "Phường Hoàn Kiếm", "Đơn vị khác", "Kho"]);
  expect(rows[1]).toMatchObject({ cameras: ["c7", "c12", "c20"], open: false });
});

test("finds by number, name, site or unit, without marks, and opens the way there", () => {
  expect(names("hang dao", ["o1", "o2"])).toEqual([
    "Công an Thành phố",
    "·Phường Hoàn Kiếm",
    "··Phố Hàng Đào",
    "···Đầu phố",
  ]);
  expect(names("12").at(-1)).toBe("···Lối xe tải");
  expect(names("cong chinh").at(-1)).toBe("···Cổng chính");
  expect(names("không có")).toEqual([]);
});

test("text is folded and sorted as the server does", () => {
  const shared = new URL("../../../crates/base/src/testdata/folding.json", import.meta.url);
  const examples: { folded: [string, string][]; sorted: string[] } = JSON.parse(readFileSync(shared, "utf8"));
  for (const [text, folded] of examples.folded) expect(fold(text)).toBe(folded);
  expect(examples.sorted.toReversed().sort(compare)).toEqual(examples.sorted);
});
