import { expect, test } from "vitest";
import { chooseRole } from "./role";

const both = { main: true, sub: true };
const tile = (width: number, pixelRatio = 1) => ({ width, pixelRatio });

test("a small tile takes the small stream, a large one the large", () => {
  expect(chooseRole(tile(360), both, null)).toEqual({ role: "sub", why: "small_tile" });
  expect(chooseRole(tile(1100), both, null)).toEqual({ role: "main", why: "large_tile" });
});

test("counts the pixels of the screen, not of the style sheet", () => {
  expect(chooseRole(tile(390), both, null).role).toBe("sub");
  expect(chooseRole(tile(390, 3), both, null).role).toBe("main");
});

test("does not change to and fro at the edge", () => {
  for (const last of ["main", "sub"] as const)
    for (let width = 670; width <= 730; width += 10) expect(chooseRole(tile(width), both, last).role).toBe(last);
});

test("takes what there is", () => {
  expect(chooseRole(tile(100), { main: true, sub: false }, null).role).toBe("main");
  expect(chooseRole(tile(1900), { main: false, sub: true }, null).role).toBe("sub");
});

test("what was asked for comes before the size: zoomed the large stream, played fast the small one", () => {
  expect(chooseRole(tile(100), both, "sub", "zoomed")).toEqual({ role: "main", why: "zoomed" });
  expect(chooseRole(tile(1900), both, "main", "fast")).toEqual({ role: "sub", why: "fast" });
  expect(chooseRole(tile(1900), both, "main", "by_hand")).toEqual({ role: "sub", why: "by_hand" });
  expect(chooseRole(tile(100), { main: false, sub: true }, null, "zoomed").role).toBe("sub");
});
