import { expect, test } from "vitest";
import { type Thumb, Thumbs } from "./thumbs";

const S = 1_000_000;

/** A server that answers when a test says so. */
function setUp() {
  const asked: { camera: string; at: number; answer: (wallUs: number) => void; refuse: (code: string) => void }[] = [];
  const calledOff: number[] = [];
  const dropped: string[] = [];
  const thumbs = new Thumbs({
    get: (camera, atUs, signal) =>
      new Promise((resolve, reject) => {
        const answer = (wallUs: number) => resolve({ picture: new Blob(), wallUs });
        asked.push({ camera, at: atUs / S, answer, refuse: (code) => reject({ code }) });
        signal.addEventListener("abort", () => {
          calledOff.push(atUs / S);
          reject(new DOMException("", "AbortError"));
        });
      }),
    makeUrl: () => `blob:${asked.length}`,
    dropUrl: (url) => void dropped.push(url),
    nowUs: () => 1_000 * S,
  });
  const told: (Thumb | null)[] = [];
  const want = (second: number) => thumbs.want("c1", second * S, (thumb) => told.push(thumb));
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  return { thumbs, asked, calledOff, dropped, told, want, settle };
}

test("a few are asked for at once, and then the newest wish first", async () => {
  const { asked, want, settle } = setUp();
  for (let second = 1; second <= 6; second++) want(second);
  expect(asked.map((a) => a.at)).toEqual([1, 2, 3]);
  asked[0]!.answer(1);
  await settle();
  expect(asked.map((a) => a.at)).toEqual([1, 2, 3, 6]);
});

test("one picture serves all who want its second, and is asked for once", async () => {
  const { asked, told, want, thumbs, settle } = setUp();
  want(7.2);
  want(7.9);
  expect(asked.length).toBe(1);
  asked[0]!.answer(6.5 * S);
  await settle();
  expect(told).toEqual([
    { url: "blob:1", wallUs: 6.5 * S },
    { url: "blob:1", wallUs: 6.5 * S },
  ]);
  want(7);
  expect([asked.length, told.length]).toEqual([1, 3]);
  expect(thumbs.peek("c1", 7 * S)).toMatchObject({ wallUs: 6.5 * S });
  expect(thumbs.peek("c2", 7 * S)).toBeUndefined();
});

test("what nobody wants any more is not asked for, nor waited for", async () => {
  const { asked, calledOff, told, want, settle } = setUp();
  const off = [1, 2, 3, 4].map(want);
  off[3]!();
  off[0]!();
  await settle();
  expect(calledOff).toEqual([1]);
  expect(asked.map((a) => a.at)).toEqual([1, 2, 3]);
  expect(told).toEqual([]);
  // One of two who want the same: the other is still told.
  want(2);
  off[1]!();
  asked[1]!.answer(2 * S);
  await settle();
  expect(told.length).toBe(1);
});

test("where nothing was recorded there is no picture, and no second question", async () => {
  const { asked, told, want, settle } = setUp();
  want(1);
  asked[0]!.refuse("nothing_recorded");
  await settle();
  want(1);
  expect([told, asked.length]).toEqual([[null, null], 1]);
});

test("of a moment that may not be on the disk yet, nothing is no answer for good", async () => {
  const { asked, told, want, settle } = setUp();
  want(970);
  asked[0]!.refuse("nothing_recorded");
  await settle();
  want(970);
  expect([told, asked.length]).toEqual([[null], 2]);
});

test("a second in which the recording begins is asked for by its moments, not by its first", async () => {
  const { asked, told, want, settle } = setUp();
  want(6.2);
  asked[0]!.refuse("nothing_recorded");
  await settle();
  want(6.8);
  expect(asked.map((a) => a.at)).toEqual([6.2, 6.8]);
  asked[1]!.answer(6.5 * S);
  await settle();
  expect(told).toEqual([null, { url: "blob:2", wallUs: 6.5 * S }]);
});

test("a picture that comes in place of another gives that one's address back", async () => {
  const { thumbs, asked, dropped, want, settle } = setUp();
  // It was answered at the moment it was called off.
  const off = want(1);
  asked[0]!.answer(1 * S);
  off();
  want(1);
  asked[1]!.answer(1 * S);
  await settle();
  expect(dropped.length).toBe(1);
  thumbs.close();
  expect(dropped.length).toBe(2);
});

test("without the worker all wishes end, and nothing more is asked", async () => {
  const { asked, told, want, thumbs, settle } = setUp();
  for (let second = 1; second <= 5; second++) want(second);
  asked[0]!.refuse("no_worker");
  await settle();
  expect(thumbs.state.get()).toBe("no_worker");
  want(9);
  expect(asked.length).toBe(3);
  expect(told.filter((t) => t === null).length).toBe(4);
});

test("keeps no more than there is room for, and gives back what it drops", async () => {
  const { asked, dropped, want, settle, thumbs } = setUp();
  for (let second = 0; second < 230; second++) {
    want(second);
    asked.at(-1)!.answer(second * S);
    await settle();
  }
  expect(dropped.length).toBe(30);
  expect(thumbs.peek("c1", 0)).toBeUndefined();
  thumbs.close();
  expect(new Set(dropped).size).toBe(230);
});
