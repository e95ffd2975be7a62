/** What a person's screens remember in this browser: the view, for live and past alike, and what one watches for. */
import { createStore, type Store } from "../lib/store";
import type { Reason } from "../player/tokens";
import { EMPTY_VIEW, parseView, type View } from "./view";

export const view: Store<View> = createStore<View>(EMPTY_VIEW);
/** What this person watches for: the purpose, and the case if they named one; null until it was said. Ends with the browser window. */
export const reason: Store<Reason | null> = createStore<Reason | null>(null);
/** Whether a view was ever kept here for this person. */
export const isNewHere: Store<boolean> = createStore<boolean>(false);

let person: string | null = null;

/** Takes up what is remembered for a person. */
export function rememberFor(user: string): void {
  if (person === user) return;
  person = user;
  const kept = read(localStorage, `khue.view.${user}`);
  isNewHere.set(kept === null);
  view.set(parseView(kept) ?? EMPTY_VIEW);
  const purpose = read(sessionStorage, `khue.purpose.${user}`);
  const number = read(sessionStorage, `khue.case.${user}`);
  reason.set(typeof purpose === "string" ? { purpose, case: typeof number === "string" ? number : null } : null);
}

export function changeView(change: (view: View) => View): void {
  view.set(change(view.get()));
  const { size, tiles } = view.get();
  if (person) write(localStorage, `khue.view.${person}`, { size, tiles });
}

export function setReason(why: Reason): void {
  reason.set(why);
  if (!person) return;
  write(sessionStorage, `khue.purpose.${person}`, why.purpose);
  write(sessionStorage, `khue.case.${person}`, why.case);
}

/** After a sign-out nothing of the last person is on the screen. */
export function forgetPerson(): void {
  for (const kept of ["purpose", "case"]) sessionStorage.removeItem(`khue.${kept}.${person}`);
  person = null;
  reason.set(null);
  view.set(EMPTY_VIEW);
}

function read(storage: Storage, key: string): unknown {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(storage: Storage, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden: the view then lasts as long as the page.
  }
}
