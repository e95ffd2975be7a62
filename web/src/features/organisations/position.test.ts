import { expect, test } from "vitest";
import { degrees, pair } from "./position";

test("degrees are typed with a comma or a point, within their bounds", () => {
  expect(degrees("21,0285", 90)).toBe(21.0285);
  expect(degrees(" -33.8 ", 90)).toBe(-33.8);
  expect(degrees("", 90)).toBeNull();
  for (const text of ["105,85", "hai mươi", "21.0.2", "1e1"]) expect(degrees(text, 90), text).toBeUndefined();
});

test("two numbers are taken at once as a map hands them out", () => {
  expect(pair("21.0285, 105.8524")).toEqual(["21.0285", "105.8524"]);
  expect(pair("(21.0285 105.8524)")).toEqual(["21.0285", "105.8524"]);
  expect(pair("21,0285")).toBeNull();
});
