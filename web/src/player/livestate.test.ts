import { expect, test } from "vitest";
import { type LiveFacts, liveStatus } from "./livestate";

const S = 1_000_000;
const facts = (over: Partial<LiveFacts> = {}): LiveFacts => ({
  stream: { state: "live", sinceUs: 1 * S, reason: null },
  refused: null,
  unsupported: false,
  shownUs: 100 * S,
  runsUpSinceUs: null,
  openedUs: 90 * S,
  lineUp: true,
  ...over,
});

test("is connecting until the first picture, and says since when", () => {
  expect(liveStatus(facts({ shownUs: null }), 95 * S)).toMatchObject({
    kind: "connecting",
    sinceUs: 90 * S,
    delayUs: null,
  });
});

test("goes from live to late to no data by the age of the picture", () => {
  const kinds = [100.3, 102, 102.1, 110, 110.1].map((s) => liveStatus(facts(), s * S).kind);
  expect(kinds).toEqual(["live", "live", "late", "late", "no_data"]);
});

test("the first of a long group is not late while the rest of it runs by, and is where it does not", () => {
  const kinds = [108, 110.9, 111].map((s) => liveStatus(facts({ runsUpSinceUs: 108 * S }), s * S).kind);
  expect(kinds).toEqual(["live", "live", "no_data"]);
  expect(liveStatus(facts({ runsUpSinceUs: 103 * S }), 106 * S).kind).toBe("late");
});

test("a picture that stopped with the line says so", () => {
  expect(liveStatus(facts({ lineUp: false }), 105 * S)).toMatchObject({ kind: "late", reason: "line" });
  expect(liveStatus(facts({ lineUp: false }), 115 * S)).toMatchObject({
    kind: "no_data",
    reason: "line",
    sinceUs: 100 * S,
  });
});

test("believes the recorder before its own eyes", () => {
  const stream = { state: "no_data", sinceUs: 99 * S, reason: "wrong_credentials" } as const;
  expect(liveStatus(facts({ stream }), 100.1 * S)).toMatchObject({
    kind: "no_data",
    sinceUs: 99 * S,
    reason: "wrong_credentials",
  });
});

test("a camera that just came back is connecting, not gone", () => {
  const stream = { state: "live", sinceUs: 150 * S, reason: null } as const;
  expect(liveStatus(facts({ stream }), 151 * S).kind).toBe("connecting");
  expect(liveStatus(facts({ stream }), 161 * S).kind).toBe("no_data");
});

test("a refusal outweighs all and claims no delay", () => {
  expect(liveStatus(facts({ refused: { code: "forbidden" } }), 100 * S)).toEqual({
    kind: "refused",
    sinceUs: null,
    reason: "forbidden",
    delayUs: null,
  });
});

test("a clock that runs ahead never shows a negative delay", () => {
  expect(liveStatus(facts(), 99 * S).delayUs).toBe(0);
});
