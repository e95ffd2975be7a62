import { expect, test } from "vitest";
import { Transport } from "./transport";

test("stands until it plays, then runs at its rate", () => {
  const t = new Transport(1_000_000);
  expect(t.cursorUs(500)).toBe(1_000_000);
  t.play(500);
  expect(t.cursorUs(1500)).toBe(2_000_000);
  t.setRate(4, 1500);
  expect(t.cursorUs(1500)).toBe(2_000_000);
  expect(t.cursorUs(2000)).toBe(4_000_000);
  t.pause(2000);
  expect(t.cursorUs(9000)).toBe(4_000_000);
});

test("a seek keeps it playing from there", () => {
  const t = new Transport(0);
  t.play(0);
  t.seek(50_000_000, 1000);
  expect(t.cursorUs(1100)).toBe(50_100_000);
});

test("waiting for a picture costs no time of the recording", () => {
  const t = new Transport(0);
  t.play(0);
  t.hold(true, 1000);
  expect(t.cursorUs(60_000)).toBe(1_000_000);
  t.hold(false, 60_000);
  expect(t.cursorUs(60_500)).toBe(1_500_000);
});

test("pausing while it waits does not leave it waiting", () => {
  const t = new Transport(0);
  t.play(0);
  t.hold(true, 1000);
  t.pause(2000);
  expect(t.held).toBe(false);
  t.play(3000);
  expect(t.cursorUs(4000)).toBe(2_000_000);
});

test("follows the leading picture only while it plays", () => {
  const t = new Transport(7);
  t.follow(99, 0);
  expect(t.cursorUs(0)).toBe(7);
  t.play(0);
  t.follow(99, 0);
  expect(t.cursorUs(0)).toBe(99);
});
