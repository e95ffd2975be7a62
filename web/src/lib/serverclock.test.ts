import { expect, test } from "vitest";
import { ServerClock } from "./serverclock";

test("is the local clock until something is known", () => {
  expect(new ServerClock().at(5_000)).toBe(5_000);
  expect(new ServerClock().uncertaintyUs).toBeNull();
});

test("believes the quickest answer of the last few", () => {
  const clock = new ServerClock();
  clock.guess(9_000_000, 0);
  expect(clock.at(0)).toBe(9_000_000);
  // A slow answer, whose way back was the long one, is 40 ms off.
  clock.pong(0, 100_000, 1_010_000);
  expect(clock.at(0)).toBe(960_000);
  clock.pong(200_000, 204_000, 1_202_000);
  expect(clock.at(0)).toBe(1_000_000);
  clock.pong(300_000, 400_000, 1_310_000);
  expect(clock.at(0)).toBe(1_000_000);
  expect(clock.uncertaintyUs).toBe(2_000);
});

test("forgets old answers, so that drift does not stay", () => {
  const clock = new ServerClock();
  clock.pong(0, 2_000, 1_001_000);
  for (let i = 0; i < 8; i++) clock.pong(i, i + 4_000, 2_002_000 + i);
  expect(clock.at(0)).toBe(2_000_000);
});

test("a guess never overrules an answer", () => {
  const clock = new ServerClock();
  clock.pong(0, 2_000, 1_001_000);
  clock.guess(77, 0);
  expect(clock.at(0)).toBe(1_000_000);
});

test("a server whose clock was set is believed at the first answer, a slow answer no sooner than before", () => {
  const clock = new ServerClock();
  const HOUR = 3_600e6;
  clock.pong(1_000, 3_000, 5 * HOUR);
  // Two seconds under way: whatever it says fits.
  clock.pong(10_000, 2_010_000, 5 * HOUR + 9_000);
  expect(clock.at(2_000)).toBe(5 * HOUR);
  clock.pong(3_000_000, 3_020_000, 4 * HOUR);
  expect(clock.at(3_010_000)).toBe(4 * HOUR);
});
