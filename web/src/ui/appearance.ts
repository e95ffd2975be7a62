/**
 * Theme, density and language of this browser. `public/theme.js` puts theme
 * and density up before the first paint; from then on this file owns them.
 */
import { i18n } from "@lingui/core";
import { createStore, type Store } from "../lib/store";
import { messages as en } from "../locales/en.po";
import { messages as vi } from "../locales/vi.po";

export type Theme = "dark" | "light";
export type Language = "vi" | "en";

export const theme: Store<Theme> = createStore<Theme>("dark");
export const language: Store<Language> = createStore<Language>("vi");
/** Whether the screen is a phone's: one column, touch density. */
export const narrow: Store<boolean> = createStore<boolean>(false);

export function startAppearance(): void {
  theme.set(document.documentElement.dataset.theme === "light" ? "light" : "dark");
  i18n.load({ vi, en });
  setLanguage(remembered("khue.language") === "en" ? "en" : "vi");
  const query = matchMedia("(max-width: 720px)");
  const fit = () => {
    narrow.set(query.matches);
    if (query.matches) document.documentElement.dataset.density = "touch";
    else delete document.documentElement.dataset.density;
  };
  query.addEventListener("change", fit);
  fit();
}

export function setTheme(next: Theme): void {
  theme.set(next);
  document.documentElement.dataset.theme = next;
  remember("khue.theme", next);
}

export function setLanguage(next: Language): void {
  i18n.activate(next);
  document.documentElement.lang = next;
  language.set(next);
  remember("khue.language", next);
}

function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}
