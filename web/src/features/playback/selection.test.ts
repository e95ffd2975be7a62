import { expect, test } from "vitest";
import { SECOND_US } from "../../lib/time";
import { marked } from "./selection";

const NOW = 1_000 * SECOND_US;
const at = (second: number) => second * SECOND_US;
const from = (a: number, b: number) => ({ fromUs: at(a), toUs: at(b) });

test("the first end said makes a selection of half a minute", () => {
  expect(marked(null, "from", at(100), NOW)).toEqual(from(100, 130));
  expect(marked(null, "to", at(100), NOW)).toEqual(from(70, 100));
});

test("the other end stays where it is", () => {
  expect(marked(from(100, 130), "from", at(110), NOW)).toEqual(from(110, 130));
  expect(marked(from(100, 130), "to", at(300), NOW)).toEqual(from(100, 300));
});

test("ends that would cross take each other along", () => {
  expect(marked(from(100, 130), "from", at(200), NOW)).toEqual(from(200, 230));
  expect(marked(from(100, 130), "to", at(50), NOW)).toEqual(from(20, 50));
});

test("at the edge of the present it reaches back, not ahead", () => {
  expect(marked(null, "from", at(990), NOW)).toEqual(from(990, 1000));
  expect(marked(null, "from", NOW, NOW)).toEqual(from(970, 1000));
});
