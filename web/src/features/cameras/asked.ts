/** Which cameras are looked for, as the address of the page says it, so that it can be kept and sent on. Pure. */
import type { CamerasAsked } from "../../api/types";

/** Returns what an address asks for; what it should not say is left out. */
export function readAsked(search: Record<string, unknown>): CamerasAsked {
  const asked: CamerasAsked = {};
  for (const name of ["q", "organisation", "ward", "purpose", "life_cycle"] as const) {
    // What looks like a number was read as one.
    const value = search[name] === undefined ? "" : String(search[name]).trim();
    if (value !== "") asked[name] = value.slice(0, 200);
  }
  if (typeof search.inherited === "boolean") asked.inherited = search.inherited;
  return asked;
}

/** Returns how many filters stand beside the words. */
export function filtersOf(asked: CamerasAsked): number {
  return Object.keys(asked).filter((name) => name !== "q").length;
}
