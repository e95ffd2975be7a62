/** Debian's Chromium, as everything here that needs a browser starts it. */
import { chromium } from "playwright-core";

/**
 * @param {string[]} [more] What else it is told.
 * @returns {Promise<import("playwright-core").Browser>}
 */
export function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}
