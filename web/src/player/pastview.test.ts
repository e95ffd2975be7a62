import { expect, test, vi } from "vitest";
import type { BufferEvents } from "./mse";
import { PastView } from "./pastview";
import type { MediaSocket, Sink } from "./socket";

const S = 1_000_000;
/** What the buffer that was made last would tell. */
const told = vi.hoisted(() => ({ events: {} as BufferEvents }));

vi.mock("./mse", () => ({
  isPlayable: () => true,
  MediaBuffer: class {
    baseUs = 0;
    constructor(_video: unknown, events: BufferEvents) {
      told.events = events;
    }
    init() {}
    append() {}
    remove() {}
    clear() {}
    close() {}
    timeOf(us: number) {
      return us / S;
    }
    wallOf(time: number) {
      return Math.round(time * S);
    }
  },
}));
// A second of frames from where the piece says.
vi.mock("./fmp4", () => ({
  frameTimes: (bytes: Uint8Array) => ({
    shownUs: [0, 0.25, 0.5, 0.75].map((s) => (bytes[0]! + s) * S),
    endUs: (bytes[0]! + 1) * S,
  }),
}));

/** A view on a video that shows at once what it is sent to. */
function setUp() {
  const sinks: Sink[] = [];
  const open = (_request: unknown, sink: Sink) => {
    sinks.push(sink);
    return { credit() {}, close() {} };
  };
  let shown: ((nowMs: number, frame: { mediaTime: number }) => void) | null = null;
  const sought: number[] = [];
  const video = {
    paused: true,
    seeking: false,
    readyState: 4,
    requestVideoFrameCallback: (tell: typeof shown) => {
      shown = tell;
      return 1;
    },
    set currentTime(time: number) {
      sought.push(time);
      shown?.(0, { mediaTime: Math.floor(time * 4) / 4 });
    },
  };
  const grant = { camera: "c1", action: "playback" } as const;
  const view = new PastView({ open } as unknown as MediaSocket, video as unknown as HTMLVideoElement, grant, {
    role: "main",
    form: null,
  });
  /** Sends the second that begins then. */
  const send = (second: number) => {
    const sizes = { width: 640, height: 360, converted_from: null };
    sinks.at(-1)!.init({ type: "init", channel: 1, codec: "avc1", origin_us: 0, ...sizes }, new Uint8Array());
    sinks.at(-1)!.fragment({ kind: "past", keyframe: true, channel: 1, wallUs: 0, bytes: new Uint8Array([second]) });
  };
  return { view, sinks, sought, send };
}

test("a picture that broke is sought anew at the moment where it stood", () => {
  const { view, sinks, sought, send } = setUp();
  view.tick(7.3 * S, "stand", 1, 1_000);
  send(7);
  view.tick(7.3 * S, "stand", 1, 1_016);
  expect([view.shownUs, sought]).toEqual([7.25 * S, [7.251]]);
  told.events.broken?.("it cannot be decoded");
  expect(view.shownUs).toBeNull();
  const laterMs = performance.now() + 3_000;
  view.tick(7.3 * S, "stand", 1, laterMs);
  expect(sinks.length).toBe(2);
  send(7);
  view.tick(7.3 * S, "stand", 1, laterMs + 16);
  expect([view.shownUs, sought]).toEqual([7.25 * S, [7.251, 7.251]]);
});

test("so is one whose element was given up to go far back", () => {
  const { view, sinks, sought, send } = setUp();
  view.tick(107.3 * S, "stand", 1, 1_000);
  send(107);
  view.tick(107.3 * S, "stand", 1, 1_016);
  view.tick(7.3 * S, "stand", 1, 2_000);
  expect([sinks.length, view.shownUs]).toEqual([2, null]);
  // And back, before anything came.
  sinks[1]!.ended("lost");
  view.tick(107.3 * S, "stand", 1, performance.now() + 3_000);
  send(107);
  view.tick(107.3 * S, "stand", 1, performance.now() + 3_016);
  expect([view.shownUs, sought]).toEqual([107.25 * S, [107.251, 107.251]]);
});
