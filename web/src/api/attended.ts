/** Whether somebody touches the page: one that asks by itself must not keep a sign-in open for ever. */

/** After so long without a touch what is asked is asked by the page alone. */
const AWAY_MS = 60_000;

let touchedMs = performance.now();

if (typeof addEventListener === "function")
  for (const what of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"])
    addEventListener(what, () => (touchedMs = performance.now()), { capture: true, passive: true });

export function unattended(): boolean {
  return performance.now() - touchedMs > AWAY_MS;
}
