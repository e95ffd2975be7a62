import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createStore } from "../lib/store";
import { LiveView } from "./live";
import type { BufferEvents, Track } from "./mse";
import type { FeedRequest, MediaSocket, Sink } from "./socket";

/** The buffers that were made, and what each was given. */
const made = vi.hoisted(() => [] as { baseUs: number | null; inits: string[]; closed: boolean }[]);

vi.mock("./mse", () => ({
  isPlayable: () => true,
  MediaBuffer: class {
    baseUs: number | null = null;
    inits: string[] = [];
    closed = false;
    constructor(
      _video: unknown,
      _events: BufferEvents,
      readonly roomUs = 0,
    ) {
      made.push(this);
    }
    init(_codec: string, originUs: number, _bytes: unknown, track: Track = "pictures") {
      this.baseUs ??= originUs - this.roomUs;
      this.inits.push(`${track} ${originUs / HOUR}`);
    }
    append() {}
    ranges() {
      return [];
    }
    close() {
      this.closed = true;
    }
  },
}));

const HOUR = 3_600e6;

beforeEach(() => {
  made.length = 0;
  vi.stubGlobal("document", { hidden: false, addEventListener() {}, removeEventListener() {} });
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A view whose feeds the test speaks for. */
function watch(sound = false) {
  const feeds: { role: string; sink: Sink; closed: boolean }[] = [];
  const open = ({ role }: FeedRequest, sink: Sink) => {
    const feed = { role, sink, closed: false };
    feeds.push(feed);
    const close = () => {
      feed.closed = true;
    };
    return { credit() {}, close };
  };
  const socket = { open, line: createStore({ phase: "open" }) } as unknown as MediaSocket;
  const video = { requestVideoFrameCallback() {}, cancelVideoFrameCallback() {} } as unknown as HTMLVideoElement;
  const view = new LiveView(socket, video, "c1", { way: "mse", role: "main", form: null }, sound);
  const sizes = { width: 640, height: 360, converted_from: null };
  const init = (feed: number, hours: number) =>
    feeds[feed]!.sink.init(
      { type: "init", channel: 1, codec: "avc1.640028", origin_us: hours * HOUR, ...sizes },
      new Uint8Array(),
    );
  const picture = (feed: number, hours: number) =>
    feeds[feed]!.sink.fragment({
      kind: "live",
      keyframe: true,
      channel: 1,
      wallUs: hours * HOUR,
      bytes: new Uint8Array(),
    });
  return { view, feeds, init, picture };
}

test("a clock that was set back begins another buffer, whether before the axis or within it", () => {
  const { view, init, picture } = watch();
  init(0, 10);
  picture(0, 12);
  init(0, 9);
  picture(0, 9.5);
  // The camera came back: the axis goes on.
  init(0, 10);
  picture(0, 11);
  init(0, 10.5);
  view.close();
  expect(made.map((buffer) => [buffer.inits, buffer.closed])).toEqual([
    [["pictures 10"], true],
    [["pictures 9", "pictures 10"], true],
    [["pictures 10.5"], true],
  ]);
});

test("a stream that is opened again goes on where it was", () => {
  const { view, feeds, init, picture } = watch();
  init(0, 10);
  picture(0, 12);
  feeds[0]!.sink.ended("expired");
  init(1, 10);
  view.close();
  expect(made.length).toBe(1);
});

test("with sound both are opened anew, whichever tells first", () => {
  const { view, feeds, init, picture } = watch(true);
  init(0, 10);
  init(1, 10);
  picture(1, 12);
  init(1, 11.5);
  expect(feeds.map(({ role, closed }) => `${role} ${closed}`)).toEqual(["sound true", "main true", "sound false"]);
  init(2, 11.5);
  init(3, 11.5);
  // More than the room that sound has.
  init(2, 9);
  expect(feeds.slice(2).map(({ role, closed }) => `${role} ${closed}`)).toEqual([
    "sound true",
    "main true",
    "sound false",
  ]);
  view.close();
  expect(made.map((buffer) => buffer.inits)).toEqual([
    ["sound 10", "pictures 10"],
    ["sound 11.5", "pictures 11.5"],
  ]);
});
