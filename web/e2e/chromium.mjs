/** Debian's Chromium, as everything here that needs a browser starts it. */
import { chromium } from "playwright-core";

const QUIET = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * The whole browser, as people have it.
 *
 * @param {string[]} [more] What else it is told.
 * @returns {Promise<import("playwright-core").Browser>}
 */
export function launch(more = []) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...QUIET, ...more] });
}

/**
 * Its engine without windows: the same pages, scripts and pictures for half the
 * processor's time. What a page asks of the browser around it, a passkey for one,
 * is for the whole browser.
 *
 * @returns {Promise<import("playwright-core").Browser>}
 */
export function launchShell() {
  const executablePath = process.env.CHROMIUM_SHELL ?? "/usr/bin/chromium-headless-shell";
  return chromium.launch({ executablePath, args: QUIET });
}
