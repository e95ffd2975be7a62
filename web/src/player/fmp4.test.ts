import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { frameTimes } from "./fmp4";

/** Twelve frames of 40 ms in two groups, muxed by ffmpeg; `bf2` has B-frames. */
const file = (name: string) => new Uint8Array(readFileSync(new URL(`./testdata/${name}.mp4`, import.meta.url)));
const every40 = (from: number) => Array.from({ length: 12 }, (_, i) => from + i * 40_000);

test("finds the times ffprobe finds", () => {
  expect(frameTimes(file("bf0"))).toEqual({ shownUs: every40(0), endUs: 480_000 });
});

test("puts B-frames into the order in which they are shown", () => {
  expect(frameTimes(file("bf2"))).toEqual({ shownUs: every40(80_000), endUs: 560_000 });
});

test("what is no fragment has no times", () => {
  expect(frameTimes(new Uint8Array())).toBeNull();
  expect(frameTimes(new Uint8Array(64))).toBeNull();
  expect(frameTimes(new Uint8Array(64).fill(0xff))).toBeNull();
});

test("a fragment cut anywhere, or with any byte changed, never throws", () => {
  const whole = file("bf2");
  for (let length = 0; length < whole.length; length += 7) frameTimes(whole.slice(0, length));
  const moof = whole.indexOf(0x6d, 600);
  for (let at = moof; at < moof + 400; at++) {
    const broken = whole.slice();
    broken[at]! ^= 0xff;
    frameTimes(broken);
  }
});

test("works on a view into a larger buffer, as the socket hands it over", () => {
  const whole = file("bf0");
  const larger = new Uint8Array(whole.length + 16);
  larger.set(whole, 16);
  expect(frameTimes(larger.subarray(16))).toEqual(frameTimes(whole));
});
