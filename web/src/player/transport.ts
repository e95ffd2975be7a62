/**
 * The cursor that all pictures of a view follow: play, pause, speed, seek.
 * Pure; milliseconds of any steady clock come in.
 *
 * ```text
 *   cursor(now) = anchor + (now − then) · rate     while it runs
 *               = anchor                           paused, or held for a picture to come
 * ```
 */
export class Transport {
  #anchorUs: number;
  #thenMs = 0;
  #playing = false;
  #held = false;
  #rate = 1;

  constructor(cursorUs: number) {
    this.#anchorUs = cursorUs;
  }

  get playing(): boolean {
    return this.#playing;
  }

  /** Whether it waits for a picture, though it plays. */
  get held(): boolean {
    return this.#held;
  }

  get rate(): number {
    return this.#rate;
  }

  cursorUs(nowMs: number): number {
    if (!this.#playing || this.#held) return this.#anchorUs;
    return Math.round(this.#anchorUs + (nowMs - this.#thenMs) * 1000 * this.#rate);
  }

  seek(us: number, nowMs: number): void {
    this.#anchorUs = Math.round(us);
    this.#thenMs = nowMs;
  }

  play(nowMs: number): void {
    if (this.#playing) return;
    this.#thenMs = nowMs;
    this.#playing = true;
  }

  pause(nowMs: number): void {
    this.#settle(nowMs);
    this.#playing = false;
    this.#held = false;
  }

  setRate(rate: number, nowMs: number): void {
    this.#settle(nowMs);
    this.#rate = rate;
  }

  /** Stops the cursor while the picture that leads is not there yet. */
  hold(held: boolean, nowMs: number): void {
    if (held === this.#held) return;
    this.#settle(nowMs);
    this.#held = held;
  }

  /** Takes the place of the leading picture, which is what people see. */
  follow(us: number, nowMs: number): void {
    if (this.#playing && !this.#held) this.seek(us, nowMs);
  }

  #settle(nowMs: number): void {
    this.#anchorUs = this.cursorUs(nowMs);
    this.#thenMs = nowMs;
  }
}
