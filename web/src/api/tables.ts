/** What people fill and are given as tables: files rather than lists. */
import { plain } from "./client";
import type { CamerasAsked, ImportAnswer } from "./types";

export type TableNoun = "cameras" | "organisations" | "sites";

/** Where a table can be had; of cameras those that fit, of the others all. */
export function tableUrl(noun: TableNoun, kind: "xlsx" | "csv", asked: CamerasAsked = {}): string {
  const query = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]));
  return `/api/v1/${noun}.${kind}${query.size > 0 ? `?${query}` : ""}`;
}

/** Takes a table, whole or not at all; with `dryRun` says what would come of that. */
export async function importTable(noun: TableNoun, table: ArrayBuffer, dryRun: boolean): Promise<ImportAnswer> {
  const body = { type: "application/octet-stream", bytes: table };
  const response = await plain("POST", `/${noun}/import?dry_run=${dryRun}`, { body, confirmed: true });
  return (await response.json()) as ImportAnswer;
}
