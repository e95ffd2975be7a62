import type { Browser } from "playwright-core";

/** Debian's Chromium, as everything here that needs a browser starts it. */
export function launch(more?: string[]): Promise<Browser>;
