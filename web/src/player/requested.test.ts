/** The two ways that are opened by a request: what they do where that fails. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "../api/error";
import type { Way } from "./choose";
import { HlsView } from "./hls";
import type { MediaSocket } from "./socket";
import { WhepView } from "./whep";

/** What the server answers, one after the other and then no more errors; and the frames of the video. */
const server = vi.hoisted(() => ({ errors: [] as unknown[], opened: 0, closed: [] as string[], frame: () => {} }));

vi.mock("../api/watching", () => {
  const answer = () => {
    const error = server.errors.shift();
    if (error) throw error;
    return `${++server.opened}`;
  };
  return {
    openHls: async () => ({ id: answer(), url: "/list" }),
    openWhep: async () => ({ path: answer(), sdp: "" }),
    renewHls: async () => {},
    renewWhep: async () => {},
    closeHls: async (id: string) => void server.closed.push(id),
    closeWhep: async (path: string) => void server.closed.push(path),
  };
});
vi.mock("./shown", () => ({
  watchFrames: (_video: unknown, tell: (nowMs: number, frame: unknown) => void) => {
    server.frame = () => tell(0, { mediaTime: 0, presentationTime: 0, expectedDisplayTime: 0 });
    return () => {};
  },
}));

class Peer extends EventTarget {
  static last: Peer;
  iceGatheringState = "complete";
  localDescription = { sdp: "" };
  connectionState = "new";
  constructor() {
    super();
    Peer.last = this;
  }
  addTransceiver() {}
  async createOffer() {}
  async setLocalDescription() {}
  async setRemoteDescription() {
    this.become("connected");
  }
  async getStats() {
    return [];
  }
  close() {}
  become(state: string) {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(server, { errors: [], opened: 0, closed: [] });
  vi.stubGlobal("RTCPeerConnection", Peer);
  vi.stubGlobal("MediaStream", class {});
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("removeEventListener", () => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function watch(way: Way) {
  const video = Object.assign(new EventTarget(), {
    paused: false,
    seekable: { length: 0 },
    play: async () => {},
    load() {},
    removeAttribute() {},
    getVideoPlaybackQuality: () => ({ totalVideoFrames: 0, droppedVideoFrames: 0 }),
  });
  const tokens = { get: async () => ({ token: "t", expires_us: 0 }), nearsEnd: () => false };
  const plan = { way, role: "main", form: null } as const;
  const View = way === "hls" ? HlsView : WhepView;
  const view = new View({ tokens } as unknown as MediaSocket, video as unknown as HTMLVideoElement, "c1", plan, false);
  const failed: string[] = [];
  view.events = { failed: (code) => failed.push(code) };
  return { view, video, failed };
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);
const offline = () => new ApiError(0, "offline", "");
const broken = () => new ApiError(500, "broken", "");
const busy = () => new ApiError(503, "busy", "");

test.for<Way>(["hls", "whep"])("what fails in passing is asked for again, by %s", async (way) => {
  server.errors = [offline(), broken(), busy(), new ApiError(502, "http_502", ""), new TypeError("fetch")];
  const { view, failed } = watch(way);
  await pass(30);
  expect([server.opened, failed, view.snapshot.get().kind]).toEqual([1, [], "connecting"]);
  view.close();
});

test.for<Way>(["hls", "whep"])("a server that is away is waited for, by %s", async (way) => {
  server.errors = Array.from({ length: 30 }, offline);
  const { view, failed } = watch(way);
  await pass(100);
  expect([server.opened, failed]).toEqual([0, []]);
  await pass(300);
  expect([server.opened, failed]).toEqual([1, []]);
  view.close();
});

test.for<Way>(["hls", "whep"])("what goes on failing is given up for another way, by %s", async (way) => {
  server.errors = Array.from({ length: 30 }, broken);
  const { view, failed } = watch(way);
  await pass(60);
  expect([failed, server.errors.length]).toEqual([["broken"], 24]);
  view.close();
});

test("a silent camera is waited for by HLS; where too many watch by WHEP, another way may do", async () => {
  server.errors = Array.from({ length: 12 }, busy);
  const { view, failed } = watch("hls");
  await pass(120);
  expect([server.opened, failed]).toEqual([1, []]);
  view.close();
  server.errors = Array.from({ length: 12 }, busy);
  const other = watch("whep");
  await pass(120);
  expect(other.failed).toEqual(["busy"]);
  other.view.close();
});

test.for<Way>(["hls", "whep"])(
  "what the way cannot do ends it at once, and a missing right as well, by %s",
  async (way) => {
    for (const [status, code] of [
      [406, "unsupported"],
      [503, "no_worker"],
      [404, "not_found"],
    ] as const) {
      server.errors = [new ApiError(status, code, "")];
      const { view, failed } = watch(way);
      await pass(30);
      expect([failed, server.opened]).toEqual([[code], 0]);
      view.close();
    }
    server.errors = [new ApiError(403, "forbidden", "")];
    const { view, failed } = watch(way);
    await pass(30);
    expect([failed, server.opened, view.snapshot.get().kind]).toEqual([[], 0, "refused"]);
    view.close();
  },
);

test.for<Way>(["hls", "whep"])("nothing is opened for a tile that closed while it waited, by %s", async (way) => {
  server.errors = [broken()];
  const { view } = watch(way);
  await pass(0.01);
  view.close();
  await pass(30);
  expect(server.opened).toBe(0);
});

test("asked again while a player that broke was to be begun anew, HLS is opened once", async () => {
  const { view, video } = watch("hls");
  await pass(0.01);
  video.dispatchEvent(new Event("error"));
  view.again();
  await pass(30);
  expect([server.opened, server.closed]).toEqual([2, ["1"]]);
  view.close();
  expect(server.closed).toEqual(["1", "2"]);
});

test("WHEP that shows a picture after each break goes on; one that does not is given up", async () => {
  const { view, failed } = watch("whep");
  const breaks = async () => {
    await pass(0.01);
    Peer.last.become("failed");
  };
  for (let i = 0; i < 10; i++) {
    await breaks();
    server.frame();
  }
  expect(failed).toEqual([]);
  for (let i = 0; i < 4; i++) await breaks();
  expect(failed).toEqual(["lost"]);
  view.close();
});
