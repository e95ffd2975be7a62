import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ACTS, actWords } from "./words";

test("every act that the journal knows has its words", () => {
  const entry = readFileSync(new URL("../../../../crates/audit/src/entry.rs", import.meta.url), "utf8");
  const acts = [...entry.matchAll(/Self::\w+ => "(\w+)"/g)].map(([, act]) => act ?? "");
  expect(acts.length).toBeGreaterThan(15);
  expect(Object.keys(ACTS).sort()).toEqual(acts.sort());
});

test("an addition is told apart from a change, and what is not known is left to its own word", () => {
  expect(actWords({ act: "site", details: { change: "added" } })).not.toBe(ACTS.site);
  expect(actWords({ act: "site", details: { change: "changed" } })).toBe(ACTS.site);
  expect(actWords({ act: "another", details: {} })).toBeNull();
});
