/** What a person's screens remember in this browser: the view, for live and past alike, and why one looks back. */
import { createStore, type Store } from "../lib/store";
import { EMPTY_VIEW, parseView, type View } from "./view";

export const view: Store<View> = createStore<View>(EMPTY_VIEW);
/** Why this person looks back; null until it was said. Ends with the browser window. */
export const purpose: Store<string | null> = createStore<string | null>(null);
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
  const why = read(sessionStorage, `khue.purpose.${user}`);
  purpose.set(typeof why === "string" ? why : null);
}

export function changeView(change: (view: View) => View): void {
  view.set(change(view.get()));
  const { size, tiles } = view.get();
  if (person) write(localStorage, `khue.view.${person}`, { size, tiles });
}

export function setPurpose(why: string): void {
  purpose.set(why);
  if (person) write(sessionStorage, `khue.purpose.${person}`, why);
}

/** After a sign-out nothing of the last person is on the screen. */
export function forgetPerson(): void {
  if (person) sessionStorage.removeItem(`khue.purpose.${person}`);
  person = null;
  purpose.set(null);
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
