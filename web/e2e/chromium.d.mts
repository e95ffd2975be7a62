import type { Browser } from "playwright-core";

/** Debian's Chromium, whole, as everything here that needs a browser starts it. */
export function launch(more?: string[]): Promise<Browser>;

/** Its engine without windows, for what a page shows by itself. */
export function launchShell(): Promise<Browser>;
