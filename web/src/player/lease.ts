/**
 * What a media token opened on the server over HTTP and holds open: its token
 * is renewed before it ends, and it is closed when nobody watches any more.
 */
import { ApiError } from "../api/error";
import type { Grant, Token, Tokens } from "./tokens";

/** What a renewal is answered where there is nothing to renew any more. */
const OVER = new Set(["not_found", "expired", "forbidden", "unsupported"]);

interface Acts {
  renew(place: string, token: string): Promise<void>;
  close(place: string, token: string): Promise<void>;
  /** The server ended it by itself. */
  lost(): void;
}

export class Lease {
  #tokens: Tokens;
  #grant: Grant;
  #acts: Acts;
  #held: { place: string; token: Token } | null = null;
  #renewing = false;

  constructor(tokens: Tokens, grant: Grant, acts: Acts) {
    this.#tokens = tokens;
    this.#grant = grant;
    this.#acts = acts;
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** Takes what was opened at `place`, in place of what was held; closes it at once if that was called off meanwhile. */
  take(place: string, token: Token, signal: AbortSignal): boolean {
    if (signal.aborted) {
      this.#close(place, token);
      return false;
    }
    this.release();
    this.#held = { place, token };
    return true;
  }

  /** Closes what is held, and says whether anything was. */
  release(): boolean {
    const held = this.#held;
    this.#held = null;
    if (held) this.#close(held.place, held.token);
    return held !== null;
  }

  /** Renews the token where it nears its end; asked at each tick. */
  async renew(): Promise<void> {
    const held = this.#held;
    if (!held || this.#renewing || !this.#tokens.nearsEnd(held.token)) return;
    this.#renewing = true;
    try {
      const token = await this.#tokens.get(this.#grant);
      if (token === held.token || this.#held !== held) return;
      await this.#acts.renew(held.place, token.token);
      held.token = token;
    } catch (error) {
      // What is over is opened anew, which tells what is so now; the rest is tried again at the next tick.
      if (error instanceof ApiError && OVER.has(error.code) && this.#held === held) this.#acts.lost();
    } finally {
      this.#renewing = false;
    }
  }

  /** Nobody waits for the answer, and what the server ended by itself it no longer knows. */
  #close(place: string, token: Token): void {
    this.#acts.close(place, token.token).catch(() => undefined);
  }
}
