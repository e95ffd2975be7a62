/** Clocks drift by less than this while a few answers come. */
const STEP_US = 500_000;

/**
 * What time the server has, from what it said and how long that took to come.
 *
 * Each answer bounds the offset to half its round trip, so the quickest of the
 * last few is believed. An answer that no older one can be squared with says
 * that the server's clock was set; what was before is forgotten. Takes times as arguments; `localUs` is any local clock
 * that never steps.
 */
export class ServerClock {
  #samples: { offsetUs: number; tripUs: number }[] = [];
  #offsetUs: number | null = null;

  /** Takes a first guess, such as the time in a page's answer; any pong is better. */
  guess(serverUs: number, localUs: number): void {
    if (this.#samples.length === 0) this.#offsetUs = serverUs - localUs;
  }

  /** Takes an answer: asked at `sentUs`, back at `receivedUs`, with the server's time in it. */
  pong(sentUs: number, receivedUs: number, serverUs: number): void {
    const tripUs = Math.max(0, receivedUs - sentUs);
    const offsetUs = serverUs - (sentUs + receivedUs) / 2;
    const agrees = (s: { offsetUs: number; tripUs: number }) =>
      Math.abs(s.offsetUs - offsetUs) <= (s.tripUs + tripUs) / 2 + STEP_US;
    this.#samples = this.#samples.filter(agrees);
    this.#samples.push({ offsetUs, tripUs });
    if (this.#samples.length > 8) this.#samples.shift();
    const best = this.#samples.reduce((a, b) => (b.tripUs < a.tripUs ? b : a));
    this.#offsetUs = Math.round(best.offsetUs);
  }

  /** Returns the server's time at `localUs`; before anything is known, the local one. */
  at(localUs: number): number {
    return Math.round(localUs + (this.#offsetUs ?? 0));
  }

  /** Returns how far off this may be: half the best round trip, or null while it is a guess. */
  get uncertaintyUs(): number | null {
    if (this.#samples.length === 0) return null;
    return Math.min(...this.#samples.map((s) => s.tripUs)) / 2;
  }
}

/** Returns microseconds since 1970 on a clock that does not step while the page lives. */
export function localNowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** The one clock of this page. */
export const serverClock = new ServerClock();

/** Returns the server's time now. */
export function serverNowUs(): number {
  return serverClock.at(localNowUs());
}
