/** For tests of tables: what the server takes. */
import { readFileSync } from "node:fs";

/** Returns the fields and the names of the columns that a sheet of the server has, in their order. */
export function serverColumns(sheet: string): [field: string, name: string][] {
  const source = readFileSync(new URL(`../../../crates/api/src/routes/${sheet}.rs`, import.meta.url), "utf8");
  const [, columns = ""] = /const COLUMNS[^=]*= \[(.*?)\n\];/s.exec(source) ?? [];
  return [...columns.matchAll(/\("(\w+)", "([^"]+)"\)/g)].map(([, field, name]) => [field!, name!]);
}
