/**
 * Media tokens: asked for once, used for as long as they live, renewed before
 * they end. Scrubbing opens channel after channel; it must not wait for HTTP
 * each time.
 */
import { ApiError } from "../api/error";

/** What media is watched for. */
export interface Reason {
  purpose: string;
  /** The number of the case, where there is one. */
  case: string | null;
}

/** What a token is asked for. */
export interface Grant {
  camera: string;
  action: "live" | "playback";
  /** Whether the camera's sound is to be heard with it. */
  sound?: boolean;
  /** Needed for playback: why this person looks back. */
  reason?: Reason;
}

export interface Token {
  token: string;
  expires_us: number;
}

export type AskForToken = (grant: Grant) => Promise<Token>;

/** How long before its end a token is replaced. */
const MARGIN_US = 60_000_000;

export class Tokens {
  #ask: AskForToken;
  #nowUs: () => number;
  #held = new Map<string, { token: Token | null; asked: Promise<Token> }>();

  /** `nowUs` is the server's time: tokens end by it. */
  constructor(ask: AskForToken, nowUs: () => number) {
    this.#ask = ask;
    this.#nowUs = nowUs;
  }

  /** Returns a token with at least a minute to live; concurrent callers share one request. */
  get(grant: Grant): Promise<Token> {
    const key = JSON.stringify([grant.camera, grant.action, grant.sound === true, grant.reason ?? null]);
    const held = this.#held.get(key);
    if (held && (held.token === null || !this.nearsEnd(held.token))) return held.asked;
    const entry = {
      token: null as Token | null,
      asked: this.#ask(grant).then(
        (token) => {
          entry.token = token;
          return token;
        },
        (error) => {
          // A refusal is not kept: rights may be given while the page stands.
          if (this.#held.get(key) === entry) this.#held.delete(key);
          throw error;
        },
      ),
    };
    this.#held.set(key, entry);
    return entry.asked;
  }

  /** Whether a token should be replaced by now. */
  nearsEnd(token: Token): boolean {
    return token.expires_us - this.#nowUs() < MARGIN_US;
  }

  /** Forgets all, as after a sign-out or a change of purpose. */
  clear(): void {
    this.#held.clear();
  }
}

/** Refusals that asking again will not change. */
const FINAL = new Set(["forbidden", "not_found", "signed_out", "revoked", "case_asked"]);

/** Refusals of a conversion, or of a way to watch: something else may be played instead. */
const ELSEWHERE = new Set(["busy", "no_worker", "unsupported"]);

/** Whether a refusal says that this way or form will not do, rather than that the camera may not be seen. */
export function isElsewhere(code: string): boolean {
  return ELSEWHERE.has(code);
}

/** Whether a request that failed may do a moment later: no answer, a server that stumbled, one that is busy now. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  if (isElsewhere(error.code)) return error.code === "busy";
  return error.status === 0 || error.status >= 500;
}

/** Whether a refusal stands until somebody does something. */
export function isFinal(code: string): boolean {
  return FINAL.has(code);
}
