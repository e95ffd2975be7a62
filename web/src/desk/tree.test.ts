import { expect, test } from "vitest";
import type { CameraRow, Tree } from "../api/types";
import { fold, treeRows } from "./tree";

const camera = (number: number, name: string, site: string): CameraRow => ({
  id: `c${number}`,
  number,
  name,
  site,
  make: null,
  class: "ordinary",
  streams: [],
  state: { kind: "recording", since_us: 0, reason: null },
  may: { live: true, playback: true, export: true },
});

const tree: Tree = {
  organisations: [
    { id: "o2", name: "Phường Hoàn Kiếm", parent: "o1" },
    { id: "o1", name: "Công an Thành phố", parent: null },
    { id: "o9", name: "Đơn vị khác", parent: "hidden" },
  ],
  sites: [
    { id: "s2", name: "Phố Hàng Đào", organisation: "o2" },
    { id: "s1", name: "Chợ Đồng Xuân", organisation: "o2" },
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
  ]);
});

test("a closed branch keeps its count and hides its rows", () => {
  const rows = treeRows(tree, new Set(["o2"]), "");
  expect(rows.map((r) => r.name)).toEqual(["Công an Thành phố", "Phường Hoàn Kiếm", "Đơn vị khác"]);
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

test("folding leaves nothing of the marks", () => {
  expect(fold("Đường Nguyễn Trãi – Ễ Ộ Ữ")).toBe("duong nguyen trai – e o u");
});
