/**
 * The one media socket of the page: all tiles, live and past, share it.
 *
 * ```text
 * tile ─ open(request, sink) ─▶ Feed ─┐
 * tile ─ open(request, sink) ─▶ Feed ─┼─ WebSocket ─▶ server
 * tile ─ open(request, sink) ─▶ Feed ─┘
 * ```
 *
 * It keeps the connection (back-off with jitter, a ping that notices a dead
 * line), the tokens (renewed before they end) and the server's clock. It does
 * not keep feeds alive: when the line or a channel goes, the sink is told
 * once, and whoever owns the feed opens a new one from where it stands. What
 * is opened while the line is down goes out when it is up again.
 */
import type { ServerClock } from "../lib/serverclock";
import { createStore, type Store } from "../lib/store";
import {
  type ChannelRole,
  type ClientOp,
  type EndReason,
  type Form,
  type InitEvent,
  type Piece,
  parseEvent,
  parsePiece,
  type StreamState,
} from "./protocol";
import { type AskForToken, type Grant, type Token, Tokens } from "./tokens";

export type FeedRequest = ({ kind: "live" } & Wanted) | ({ kind: "past"; fromUs: number; credit: number } & Wanted);

interface Wanted {
  grant: Grant;
  role: ChannelRole;
  /** What it is converted to where it is not that. */
  form?: Form | undefined;
}

/** What a feed tells its owner. After `ended` or `refused` nothing more comes. */
export interface Sink {
  opened?(channel: number): void;
  init(init: InitEvent, bytes: Uint8Array<ArrayBuffer>): void;
  fragment(piece: Piece): void;
  state?(state: StreamState, sinceUs: number, reason: string | null): void;
  gap?(fromUs: number, toUs: number, reason: string): void;
  dropped?(frames: number): void;
  /** `lost`: the line to the server went. */
  ended(reason: EndReason | "lost"): void;
  refused(code: string, message: string): void;
}

export interface Feed {
  /** Lets `fragments` more of a past feed come. */
  credit(fragments: number): void;
  /** Ends the feed; its sink hears nothing more. */
  close(): void;
}

export interface LineState {
  phase: "off" | "connecting" | "open" | "waiting";
  /** How often in a row it failed; 0 once it is open. */
  failures: number;
  /** Local milliseconds since when the line is down, or null. */
  downSinceMs: number | null;
}

export interface SocketOptions {
  url: string;
  askForToken: AskForToken;
  clock: ServerClock;
  localNowUs: () => number;
  /** Called when connecting failed; the page may find that the sign-in is over. */
  onTrouble?: () => void;
  makeSocket?: (url: string) => WebSocket;
  random?: () => number;
}

/** A refusal by the HTTP side, with the code of its error form. */
interface CodedError {
  code: string;
  message: string;
}

const PING_EVERY_MS = 4_000;
const SILENT_AFTER_MS = 12_000;

/** Returns how long to wait before attempt `failures + 1`: doubling to 10 s, less up to a half by chance. */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(10_000, 500 * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (1 - random / 2));
}

export class MediaSocket {
  readonly line: Store<LineState> = createStore<LineState>({ phase: "off", failures: 0, downSinceMs: null });
  readonly tokens: Tokens;
  #options: SocketOptions;
  #ws: WebSocket | null = null;
  #feeds = new Set<OpenFeed>();
  #byRef = new Map<string, OpenFeed>();
  #byChannel = new Map<number, OpenFeed>();
  #nextRef = 1;
  #heardMs = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #beat: ReturnType<typeof setInterval> | null = null;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.tokens = new Tokens(options.askForToken, () => options.clock.at(options.localNowUs()));
  }

  /** Connects, and stays connected until `shut`. */
  start(): void {
    if (this.#ws || this.#retry) return;
    this.#beat ??= setInterval(() => this.#tick(), PING_EVERY_MS);
    this.#connect();
  }

  /** Tries at once instead of waiting, as when the network came back. */
  nudge(): void {
    if (!this.#retry) return;
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#connect();
  }

  /** Ends the line and every feed. */
  shut(): void {
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#beat) clearInterval(this.#beat);
    this.#retry = null;
    this.#beat = null;
    const ws = this.#ws;
    this.#ws = null;
    ws?.close();
    this.#loseFeeds();
    this.#feeds.clear();
    this.line.set({ phase: "off", failures: 0, downSinceMs: null });
  }

  open(request: FeedRequest, sink: Sink): Feed {
    const feed = new OpenFeed(request, sink);
    this.#feeds.add(feed);
    if (this.line.get().phase === "open") void this.#ask(feed);
    return {
      credit: (fragments) => {
        if (feed.stage === "open" && feed.channel !== null)
          this.#send({ op: "credit", channel: feed.channel, fragments });
      },
      close: () => this.#close(feed),
    };
  }

  #connect(): void {
    const { makeSocket = (url) => new WebSocket(url), url } = this.#options;
    const before = this.line.get();
    this.line.set({ ...before, phase: "connecting", downSinceMs: before.downSinceMs ?? this.#nowMs() });
    const ws = makeSocket(url);
    ws.binaryType = "arraybuffer";
    this.#ws = ws;
    ws.onopen = () => {
      if (ws !== this.#ws) return;
      this.#heardMs = this.#nowMs();
      this.line.set({ phase: "open", failures: 0, downSinceMs: null });
      this.#ping();
      for (const feed of [...this.#feeds]) void this.#ask(feed);
    };
    ws.onmessage = (message: MessageEvent<string | ArrayBuffer>) => {
      if (ws !== this.#ws) return;
      this.#heardMs = this.#nowMs();
      if (typeof message.data === "string") this.#hear(message.data);
      else this.#take(message.data);
    };
    ws.onclose = () => this.#lost(ws);
    ws.onerror = () => {
      // `onclose` always follows, and says as little.
    };
  }

  #lost(ws: WebSocket): void {
    if (ws !== this.#ws) return;
    this.#ws = null;
    const before = this.line.get();
    const failures = before.failures + 1;
    this.line.set({ phase: "waiting", failures, downSinceMs: before.downSinceMs ?? this.#nowMs() });
    this.#retry = setTimeout(
      () => {
        this.#retry = null;
        this.#connect();
      },
      backoffMs(failures, (this.#options.random ?? Math.random)()),
    );
    this.#loseFeeds();
    this.#options.onTrouble?.();
  }

  /** Tells every feed that was asked for on the line that went. Those not yet asked for wait for the next. */
  #loseFeeds(): void {
    this.#byRef.clear();
    this.#byChannel.clear();
    // A server that was started anew may know none of them.
    this.tokens.clear();
    for (const feed of [...this.#feeds]) {
      if (feed.stage === "waiting") continue;
      this.#feeds.delete(feed);
      feed.stage = "over";
      feed.sink.ended("lost");
    }
  }

  async #ask(feed: OpenFeed): Promise<void> {
    if (feed.stage !== "waiting" || feed.asking) return;
    feed.asking = true;
    let token: Token;
    try {
      token = await this.tokens.get(feed.request.grant);
    } catch (error) {
      feed.asking = false;
      if (!this.#feeds.delete(feed)) return;
      feed.stage = "over";
      if (isCoded(error)) feed.sink.refused(error.code, error.message);
      else feed.sink.ended("lost");
      return;
    }
    feed.asking = false;
    if (!this.#feeds.has(feed) || this.line.get().phase !== "open") return;
    const ref = `f${this.#nextRef++}`;
    feed.ref = ref;
    feed.token = token;
    feed.stage = "asked";
    this.#byRef.set(ref, feed);
    const { request } = feed;
    const what = { ref, token: token.token, role: request.role, ...(request.form ? { form: request.form } : {}) };
    if (request.kind === "live") this.#send({ op: "live", ...what });
    else this.#send({ op: "past", ...what, from_us: request.fromUs, credit: request.credit });
  }

  #close(feed: OpenFeed): void {
    if (!this.#feeds.delete(feed)) return;
    const { stage, channel } = feed;
    feed.stage = "over";
    // One that was asked for and not opened yet is stopped when its number comes.
    if (stage === "open" && channel !== null && this.#byChannel.get(channel) === feed) {
      this.#byChannel.delete(channel);
      if (!this.#wantedByAnother(feed)) this.#send({ op: "stop", channel });
    }
  }

  /**
   * Whether another feed asked for the same live stream. A live channel's
   * number belongs to the stream, so a stop would end that one as well.
   */
  #wantedByAnother(feed: OpenFeed): boolean {
    if (feed.request.kind !== "live") return false;
    return [...this.#feeds].some(
      (other) =>
        other !== feed &&
        other.request.kind === "live" &&
        other.stage !== "waiting" &&
        other.request.grant.camera === feed.request.grant.camera &&
        other.request.role === feed.request.role &&
        other.request.form === feed.request.form,
    );
  }

  #hear(text: string): void {
    const event = parseEvent(text);
    if (!event) return;
    switch (event.type) {
      case "pong":
        this.#options.clock.pong(event.sent, this.#options.localNowUs(), event.now_us);
        return;
      case "opened": {
        const feed = this.#byRef.get(event.ref);
        this.#byRef.delete(event.ref);
        if (!feed || feed.stage === "over") {
          if (!feed || !this.#wantedByAnother(feed)) this.#send({ op: "stop", channel: event.channel });
          return;
        }
        feed.stage = "open";
        feed.channel = event.channel;
        this.#byChannel.set(event.channel, feed);
        feed.sink.opened?.(event.channel);
        return;
      }
      case "refused": {
        const feed = event.ref !== null ? this.#byRef.get(event.ref) : this.#byChannel.get(event.channel ?? -1);
        if (event.ref !== null) this.#byRef.delete(event.ref);
        // A refused renewal ends with `expired` when the time comes.
        if (feed?.stage !== "asked") return;
        this.#over(feed);
        // Whatever the token was, it is no good any more.
        this.tokens.clear();
        feed.sink.refused(event.code, event.message);
        return;
      }
    }
    const feed = this.#byChannel.get(event.channel);
    if (!feed) return;
    switch (event.type) {
      case "init":
        feed.init = event;
        return;
      case "state":
        feed.sink.state?.(event.state, event.since_us, event.reason);
        return;
      case "gap":
        feed.sink.gap?.(event.from_us, event.to_us, event.reason);
        return;
      case "dropped":
        feed.sink.dropped?.(event.frames);
        return;
      case "end":
        this.#over(feed);
        if (event.reason === "expired" || event.reason === "revoked") this.tokens.clear();
        feed.sink.ended(event.reason);
        return;
    }
  }

  #take(buffer: ArrayBuffer): void {
    const piece = parsePiece(buffer);
    const feed = piece && this.#byChannel.get(piece.channel);
    if (!feed) return;
    if (piece.kind !== "init") feed.sink.fragment(piece);
    else if (feed.init) feed.sink.init(feed.init, piece.bytes);
  }

  #over(feed: OpenFeed): void {
    this.#feeds.delete(feed);
    if (feed.channel !== null && this.#byChannel.get(feed.channel) === feed) this.#byChannel.delete(feed.channel);
    feed.stage = "over";
  }

  #tick(): void {
    if (this.line.get().phase !== "open") return;
    if (this.#nowMs() - this.#heardMs > SILENT_AFTER_MS) {
      // A half-dead line would hang for minutes; the close handshake as well.
      const ws = this.#ws;
      if (ws) {
        ws.close();
        this.#lost(ws);
      }
      return;
    }
    this.#ping();
    for (const feed of this.#feeds) void this.#renew(feed);
  }

  async #renew(feed: OpenFeed): Promise<void> {
    if (feed.stage !== "open" || !feed.token || !this.tokens.nearsEnd(feed.token)) return;
    try {
      const token = await this.tokens.get(feed.request.grant);
      if (feed.stage !== "open" || feed.channel === null || feed.token === token) return;
      feed.token = token;
      this.#send({ op: "renew", channel: feed.channel, token: token.token });
    } catch {
      // Tried again at the next tick; at its end the channel says `expired`.
    }
  }

  #ping(): void {
    this.#send({ op: "ping", sent: this.#options.localNowUs() });
  }

  #send(op: ClientOp): void {
    if (this.#ws?.readyState === 1) this.#ws.send(JSON.stringify(op));
  }

  #nowMs(): number {
    return this.#options.localNowUs() / 1000;
  }
}

class OpenFeed {
  /** `waiting` for the line or a token, `asked`, `open` with a channel, `over`. */
  stage: "waiting" | "asked" | "open" | "over" = "waiting";
  asking = false;
  ref: string | null = null;
  channel: number | null = null;
  token: Token | null = null;
  init: InitEvent | null = null;

  constructor(
    readonly request: FeedRequest,
    readonly sink: Sink,
  ) {}
}

function isCoded(error: unknown): error is CodedError {
  return typeof error === "object" && error !== null && typeof (error as CodedError).code === "string";
}
