import { expect, test } from "vitest";
import { cureOf } from "../../desk/tables";
import { serverColumns } from "../../desk/tables.testutil";
import { CAMERA_TABLE } from "./table";

test("the columns are those that the server takes, and each says how its cells are mended", () => {
  // What a table only tells is not among those to be filled.
  const told = ["inherited_until", "ward"];
  const taken = serverColumns("camera_sheet").filter(([field]) => !told.includes(field));
  expect(Object.entries(CAMERA_TABLE.columns)).toEqual(taken);
  for (const field of Object.keys(CAMERA_TABLE.columns)) expect(cureOf(CAMERA_TABLE, field), field).not.toBeNull();
});
