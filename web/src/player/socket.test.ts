import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServerClock } from "../lib/serverclock";
import type { ClientOp } from "./protocol";
import { backoffMs, type FeedRequest, MediaSocket, type Sink } from "./socket";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The other end of the wire: keeps what was sent, and says what a test wants said. */
class Wire {
  readyState = 0;
  binaryType = "";
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((message: { data: string | ArrayBuffer }) => void) | null = null;
  sent: ClientOp[] = [];

  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  up() {
    this.readyState = 1;
    this.onopen?.();
  }
  down() {
    this.readyState = 3;
    this.onclose?.();
  }
  say(event: object) {
    this.onmessage?.({ data: JSON.stringify(event) });
  }
  piece(kind: number, channel: number, bytes: number[]) {
    const buffer = new Uint8Array([kind, 1, 0, 0, 0, 0, 0, channel, ...Array(8).fill(0), ...bytes]).buffer;
    this.onmessage?.({ data: buffer });
  }
  ops(op: ClientOp["op"]): ClientOp[] {
    return this.sent.filter((message) => message.op === op);
  }
}

function sink() {
  const heard: string[] = [];
  const it: Sink = {
    opened: (channel) => void heard.push(`opened ${channel}`),
    init: (init, bytes) => void heard.push(`init ${init.codec} ${bytes.length}`),
    fragment: (piece) => void heard.push(`fragment ${[...piece.bytes]}`),
    state: (state, since, reason) => void heard.push(`state ${state} ${since} ${reason}`),
    gap: (from, to, reason) => void heard.push(`gap ${from} ${to} ${reason}`),
    dropped: (frames) => void heard.push(`dropped ${frames}`),
    ended: (reason) => void heard.push(`ended ${reason}`),
    refused: (code) => void heard.push(`refused ${code}`),
  };
  return Object.assign(it, { heard });
}

async function setUp() {
  const wires: Wire[] = [];
  let localUs = 0;
  const state = { refuse: null as { code: string; message: string } | null, tokens: 0, lifeUs: 300e6 };
  const socket = new MediaSocket({
    url: "ws://here",
    clock: new ServerClock(),
    localNowUs: () => localUs,
    random: () => 0,
    askForToken: async () => {
      if (state.refuse) throw state.refuse;
      return { token: `t${++state.tokens}`, expires_us: localUs + state.lifeUs };
    },
    makeSocket: () => {
      const wire = new Wire();
      wires.push(wire);
      return wire as unknown as WebSocket;
    },
  });
  socket.start();
  wires[0]!.up();
  const pass = async (ms: number) => {
    // In steps, so that what is heard in between counts.
    for (let left = ms; left > 0; left -= 1000) {
      localUs += Math.min(left, 1000) * 1000;
      await vi.advanceTimersByTimeAsync(Math.min(left, 1000));
    }
  };
  await pass(1);
  return { socket, wires, state, pass };
}

const live = (camera = "c1"): FeedRequest => ({ kind: "live", grant: { camera, action: "live" }, role: "sub" });
const refOf = (op: ClientOp | undefined) => (op as { ref: string }).ref;

test("a feed goes from token to op to channel to pieces", async () => {
  const { socket, wires, pass } = await setUp();
  const wire = wires[0]!;
  const a = sink();
  socket.open(live(), a);
  await pass(1);
  expect(wire.ops("live")).toMatchObject([{ op: "live", token: "t1", role: "sub" }]);
  wire.say({ type: "opened", ref: refOf(wire.ops("live")[0]), channel: 7 });
  wire.say({ type: "state", channel: 7, state: "live", since_us: 5, reason: null });
  wire.say({ type: "init", channel: 7, codec: "avc1.4d401f", width: 1, height: 1, origin_us: 0 });
  wire.piece(1, 7, [9, 9]);
  wire.piece(2, 7, [1, 2]);
  wire.say({ type: "dropped", channel: 7, frames: 3 });
  expect(a.heard).toEqual(["opened 7", "state live 5 null", "init avc1.4d401f 2", "fragment 1,2", "dropped 3"]);
});

test("pieces of a channel nobody has are passed over", async () => {
  const { wires } = await setUp();
  wires[0]!.piece(2, 99, [1]);
  wires[0]!.say({ type: "end", channel: 99, reason: "stopped" });
  wires[0]!.say({ type: "nonsense" });
});

test("a closed feed hears nothing more, and its channel is stopped", async () => {
  const { socket, wires, pass } = await setUp();
  const wire = wires[0]!;
  const a = sink();
  const feed = socket.open(live(), a);
  await pass(1);
  wire.say({ type: "opened", ref: refOf(wire.ops("live")[0]), channel: 7 });
  feed.close();
  wire.piece(2, 7, [1]);
  wire.say({ type: "end", channel: 7, reason: "stopped" });
  expect(a.heard).toEqual(["opened 7"]);
  expect(wire.ops("stop")).toEqual([{ op: "stop", channel: 7 }]);
});

test("a feed closed before its channel came is stopped when it comes", async () => {
  const { socket, wires, pass } = await setUp();
  const wire = wires[0]!;
  const feed = socket.open(live(), sink());
  await pass(1);
  feed.close();
  expect(wire.ops("stop")).toEqual([]);
  wire.say({ type: "opened", ref: refOf(wire.ops("live")[0]), channel: 7 });
  expect(wire.ops("stop")).toEqual([{ op: "stop", channel: 7 }]);
});

test("a tile that closes does not take along the tile that just opened the same stream", async () => {
  const { socket, wires, pass } = await setUp();
  const wire = wires[0]!;
  const [a, b] = [sink(), sink()];
  const first = socket.open(live(), a);
  await pass(1);
  wire.say({ type: "opened", ref: refOf(wire.ops("live")[0]), channel: 7 });
  socket.open(live(), b);
  await pass(1);
  first.close();
  expect(wire.ops("stop")).toEqual([]);
  wire.say({ type: "opened", ref: refOf(wire.ops("live")[1]), channel: 7 });
  wire.piece(2, 7, [5]);
  expect(b.heard).toEqual(["opened 7", "fragment 5"]);
});

test("a refusal by HTTP or by the socket is told once, with its code", async () => {
  const { socket, wires, state, pass } = await setUp();
  const [a, b] = [sink(), sink()];
  state.refuse = { code: "forbidden", message: "no" };
  socket.open(live("c1"), a);
  await pass(1);
  state.refuse = null;
  socket.open(live("c2"), b);
  await pass(1);
  const ref = refOf(wires[0]!.ops("live")[0]);
  wires[0]!.say({ type: "refused", ref, channel: null, code: "not_found", message: "gone" });
  expect(a.heard).toEqual(["refused forbidden"]);
  expect(b.heard).toEqual(["refused not_found"]);
});

test("when the line goes every feed is told, and what is opened meanwhile waits for the next line", async () => {
  const { socket, wires, pass } = await setUp();
  const [a, b] = [sink(), sink()];
  socket.open(live("c1"), a);
  await pass(1);
  wires[0]!.down();
  expect(a.heard).toEqual(["ended lost"]);
  expect(socket.line.get()).toMatchObject({ phase: "waiting", failures: 1 });
  socket.open(live("c2"), b);
  await pass(1000);
  expect(wires.length).toBe(2);
  expect(wires[1]!.sent).toEqual([]);
  wires[1]!.up();
  await pass(1);
  expect(wires[1]!.ops("live").length).toBe(1);
  expect(b.heard).toEqual([]);
  expect(socket.line.get()).toEqual({ phase: "open", failures: 0, downSinceMs: null });
});

test("waits longer after each failure, and not at all when nudged", async () => {
  const { socket, wires, pass } = await setUp();
  wires[0]!.down();
  await pass(600);
  wires[1]!.down();
  await pass(600);
  expect(wires.length).toBe(2);
  socket.nudge();
  expect(wires.length).toBe(3);
  expect([1, 2, 3, 5, 6, 50].map((n) => backoffMs(n, 0))).toEqual([500, 1000, 2000, 8000, 10_000, 10_000]);
  expect(backoffMs(6, 1)).toBe(5000);
});

test("a line that is silent is given up, though it never closed", async () => {
  const { socket, wires, pass } = await setUp();
  const a = sink();
  socket.open(live(), a);
  await pass(1);
  await pass(20_000);
  expect(wires[0]!.readyState).toBe(3);
  expect(a.heard).toEqual(["ended lost"]);
});

test("pongs keep the line, and teach the clock", async () => {
  const { socket, wires, pass } = await setUp();
  const wire = wires[0]!;
  for (let i = 0; i < 20; i++) {
    await pass(2000);
    const ping = wire.ops("ping").at(-1) as { sent: number };
    wire.say({ type: "pong", sent: ping.sent, now_us: ping.sent + 1e9 });
  }
  expect(socket.line.get().phase).toBe("open");
});

test("a token is renewed before it ends, on the channel that uses it", async () => {
  const { socket, wires, state, pass } = await setUp();
  const wire = wires[0]!;
  state.lifeUs = 120e6;
  socket.open(live(), sink());
  await pass(1);
  wire.say({ type: "opened", ref: refOf(wire.ops("live")[0]), channel: 7 });
  for (let i = 0; i < 64; i++) {
    await pass(1000);
    const ping = wire.ops("ping").at(-1) as { sent: number };
    wire.say({ type: "pong", sent: ping.sent, now_us: ping.sent });
  }
  expect(wire.ops("renew")).toEqual([{ op: "renew", channel: 7, token: "t2" }]);
});

test("credit goes to the channel of its feed", async () => {
  const { socket, wires, pass } = await setUp();
  const wire = wires[0]!;
  const a = sink();
  const feed = socket.open(
    {
      kind: "past",
      grant: { camera: "c1", action: "playback", reason: { purpose: "p", case: null } },
      role: "main",
      fromUs: 5,
      credit: 3,
    },
    a,
  );
  feed.credit(1);
  await pass(1);
  expect(wire.ops("past")).toMatchObject([{ from_us: 5, credit: 3, role: "main" }]);
  wire.say({ type: "opened", ref: refOf(wire.ops("past")[0]), channel: 1000 });
  feed.credit(4);
  wire.say({ type: "gap", channel: 1000, from_us: 5, to_us: 9, reason: "crashed" });
  wire.say({ type: "end", channel: 1000, reason: "caught_up" });
  feed.credit(4);
  expect(wire.ops("credit")).toEqual([{ op: "credit", channel: 1000, fragments: 4 }]);
  expect(a.heard).toEqual(["opened 1000", "gap 5 9 crashed", "ended caught_up"]);
});

test("shutting ends all, for good", async () => {
  const { socket, wires, pass } = await setUp();
  const a = sink();
  socket.open(live(), a);
  await pass(1);
  socket.shut();
  expect(a.heard).toEqual(["ended lost"]);
  await pass(60_000);
  expect(wires.length).toBe(1);
  expect(socket.line.get().phase).toBe("off");
});

test("sound and converted pictures are channels of their own, each with its form and token", async () => {
  const { socket, wires, pass, state } = await setUp();
  const wire = wires[0]!;
  const grant = { camera: "c1", action: "live" } as const;
  const pictures = socket.open({ kind: "live", grant, role: "sub", form: "h264" }, sink());
  socket.open({ kind: "live", grant: { ...grant, sound: true }, role: "sound", form: "aac" }, sink());
  socket.open(live(), sink());
  await pass(1);
  const asked = wire.ops("live").map(({ ref: _, ...op }: ClientOp & { ref?: string }) => op);
  expect(asked).toContainEqual({ op: "live", role: "sub", form: "h264", token: "t1" });
  expect(asked).toContainEqual({ op: "live", role: "sound", form: "aac", token: "t2" });
  expect(asked).toContainEqual({ op: "live", role: "sub", token: "t1" });
  expect(state.tokens).toBe(2);
  // The same stream as it is does not hold the converted one open.
  const converted = wire.ops("live").find((op) => "form" in op && op.form === "h264");
  wire.say({ type: "opened", ref: refOf(converted), channel: 7 });
  pictures.close();
  expect(wire.ops("stop")).toEqual([{ op: "stop", channel: 7 }]);
});
