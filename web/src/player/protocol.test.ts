import { expect, test } from "vitest";
import { parseEvent, parsePiece } from "./protocol";

/** The header of the design's picture, byte by byte: an independent hand. */
const LIVE = [2, 1, 0, 0, 0, 0, 0x01, 0x05, 0x00, 0x06, 0x60, 0xac, 0x2a, 0xe0, 0x90, 0x90, 0xde, 0xad];

test("reads the header the design draws", () => {
  const piece = parsePiece(new Uint8Array(LIVE).buffer)!;
  expect(piece).toMatchObject({ kind: "live", keyframe: true, channel: 261 });
  expect(piece.wallUs).toBe(Number(0x000660ac2ae09090n));
  expect([...piece.bytes]).toEqual([0xde, 0xad]);
});

test("a time before 1970 stays negative", () => {
  const bytes = new Uint8Array([3, 0, 0, 0, 0, 0, 0, 1, ...Array(8).fill(0xff)]);
  expect(parsePiece(bytes.buffer)).toMatchObject({ kind: "past", keyframe: false, wallUs: -1 });
});

test("passes over what is too short or of no known kind", () => {
  for (let length = 0; length < 16; length++) expect(parsePiece(new Uint8Array(length).fill(1).buffer)).toBeNull();
  expect(parsePiece(new Uint8Array(16).buffer)).toBeNull();
  expect(parsePiece(new Uint8Array(16).fill(9).buffer)).toBeNull();
});

const INIT = { codec: "avc1.640028", width: 1920, height: 1080, origin_us: 1_795_135_338_250_000 };

test("a server that converts nothing need not say so", () => {
  const text = JSON.stringify({ type: "init", channel: 7, ...INIT });
  expect(parseEvent(text)).toEqual({ type: "init", channel: 7, ...INIT, converted_from: null });
});

test("reads each event of the design", () => {
  const events = [
    { type: "opened", ref: "a1", channel: 7 },
    { type: "init", channel: 7, ...INIT, converted_from: null },
    { type: "init", channel: 7, ...INIT, converted_from: "hvc1.1.6.L120.B0" },
    { type: "state", channel: 7, state: "no_data", since_us: 12, reason: "silent" },
    { type: "state", channel: 7, state: "live", since_us: 12, reason: null },
    { type: "gap", channel: 7, from_us: 1, to_us: 2, reason: "crashed" },
    { type: "dropped", channel: 7, frames: 12 },
    { type: "end", channel: 7, reason: "caught_up" },
    { type: "refused", ref: "a1", channel: null, code: "forbidden", message: "no" },
    { type: "pong", sent: 1.5, now_us: 9 },
  ];
  for (const event of events) expect(parseEvent(JSON.stringify(event))).toEqual(event);
});

test("passes over what is broken, unknown or impossible", () => {
  const bad = [
    "",
    "null",
    "[]",
    "{",
    '{"type":"brand_new","channel":1}',
    '{"type":"opened","ref":"a"}',
    '{"type":"opened","ref":"a","channel":1.5}',
    '{"type":"state","channel":1,"state":"dancing","since_us":1}',
    '{"type":"gap","channel":1,"from_us":5,"to_us":5,"reason":"x"}',
    '{"type":"init","channel":1,"codec":null,"width":1,"height":1,"origin_us":0}',
    '{"type":"init","channel":1,"codec":"avc1","width":1,"height":1,"origin_us":1e300}',
  ];
  for (const text of bad) expect(parseEvent(text), text).toBeNull();
});
