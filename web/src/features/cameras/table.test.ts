import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COLUMNS, cureOf } from "./table";

test("the columns are those that the server takes, and each says how its cells are mended", () => {
  const sheet = readFileSync(new URL("../../../../crates/api/src/routes/camera_sheet.rs", import.meta.url), "utf8");
  const [, columns = ""] = /const COLUMNS[^=]*= \[(.*?)\n\];/s.exec(sheet) ?? [];
  const taken = [...columns.matchAll(/\("(\w+)", "([^"]+)"\)/g)].map(([, field, name]) => [field, name]);
  // What a table only tells is not among those to be filled.
  const told = ["inherited_until", "ward"];
  expect(Object.entries(COLUMNS)).toEqual(taken.filter(([field]) => !told.includes(field ?? "")));
  for (const field of Object.keys(COLUMNS)) expect(cureOf(field), field).not.toBeNull();
});
