import { expect, test } from "vitest";
import { filtersOf, readAsked } from "./asked";

test("an address asks for what it names, and nothing else comes through", () => {
  expect(readAsked({ q: 113, ward: "00070", inherited: true, next: 5, purpose: "" })).toEqual({
    q: "113",
    ward: "00070",
    inherited: true,
  });
  expect(readAsked({ q: "  ", inherited: "có" })).toEqual({});
  expect(filtersOf(readAsked({ q: "ga", ward: "00070", inherited: false }))).toBe(2);
});
