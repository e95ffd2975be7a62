/** A table as people fill it: its columns, and how a cell that cannot be taken is mended. Pure. */
import type { MessageDescriptor } from "@lingui/core";

export interface TableForm {
  /** What heads each column in the file, in every language, by the field that it is for. As the server has them. */
  columns: Readonly<Record<string, string>>;
  /** Those without which nothing new can be said. */
  needed: readonly string[];
  /** What to write in a cell of a field. */
  cures: Readonly<Record<string, MessageDescriptor>>;
}

/** Says what to write in a cell of a field; nothing of what is no field. */
export function cureOf(form: TableForm, field: string | null): MessageDescriptor | null {
  return (field !== null && form.cures[field]) || null;
}

/** Returns a table with nothing but its columns, as a link can hold it; a spreadsheet knows by the mark that it is UTF-8. */
export function templateUrl(form: TableForm): string {
  const cell = (name: string) => (name.includes(",") ? `"${name}"` : name);
  const line = Object.values(form.columns).map(cell).join(",");
  return `data:text/csv;charset=utf-8,${encodeURIComponent(`\ufeff${line}\r\n`)}`;
}

/** The names of the columns that are needed, as a sentence lists them. */
export function neededNames(form: TableForm): string {
  return form.needed.map((field) => form.columns[field] ?? field).join(", ");
}
