import { expect, test } from "vitest";
import { type Asked, type Browser, choose, choosePast, type Failure, type Way } from "./choose";

const H264 = "avc1.640028";
const H265 = "hvc1.1.6.L120.B0";

/** A browser by what it plays each way; a way that is not named is not there. */
function browser(plays: Partial<Record<Way, string[]>>): Browser {
  const can = (way: Way) => (codec: string | null) => {
    const known = plays[way];
    return known !== undefined && (codec === null || known.some((start) => codec.startsWith(start)));
  };
  return { mse: can("mse"), whep: can("whep"), hls: can("hls") };
}
const CHROMIUM = browser({ mse: ["avc1"], whep: ["avc1"] });
const SAFARI = browser({ mse: ["avc1", "hvc1"], whep: ["avc1", "hvc1"], hls: ["avc1", "hvc1"] });
const OLD_IPHONE = browser({ whep: ["avc1"], hls: ["avc1", "hvc1"] });

const wished = (given: Partial<Asked> = {}): Asked => ({
  wish: { role: "main", why: "large_tile" },
  streams: { main: H264, sub: H264 },
  browser: CHROMIUM,
  offer: { whep: true, worker: true },
  prefer: "auto",
  failed: [],
  ...given,
});
const failure = (way: Way, role: "main" | "sub", form: "h264" | null, code: string): Failure => ({
  way,
  role,
  form,
  code,
});
const plan = (given: Partial<Asked>) => {
  const choice = choose(wished(given));
  return choice.kind === "play"
    ? `${choice.plan.way} ${choice.plan.role} ${choice.plan.form ?? "as it is"}`
    : choice.why;
};

test("H.264 comes by MSE, as it is, and that is the best", () => {
  expect(choose(wished())).toEqual({
    kind: "play",
    plan: { way: "mse", role: "main", form: null },
    streamWhy: "large_tile",
    wayWhy: { kind: "first" },
    best: true,
  });
});

test("a codec that is not known yet is tried as it is", () => {
  expect(plan({ streams: { main: null, sub: null } })).toBe("mse main as it is");
});

test("H.265 goes down the ladder: as it is, the sub-stream, converted", () => {
  const both = { main: H265, sub: H264 };
  expect(plan({ streams: both, browser: SAFARI })).toBe("mse main as it is");
  expect(plan({ streams: both })).toBe("mse sub as it is");
  expect(plan({ streams: { main: H265, sub: H265 } })).toBe("mse main h264");
  expect(plan({ streams: { main: H265 } })).toBe("mse main h264");
  const choice = choose(wished({ streams: both }));
  expect(choice).toMatchObject({ streamWhy: "main_unplayable", best: false });
});

test("a small tile whose sub-stream does not play takes the main stream before a conversion", () => {
  const wish = { role: "sub", why: "small_tile" } as const;
  expect(plan({ wish, streams: { main: H264, sub: H265 } })).toBe("mse main as it is");
  expect(plan({ wish, streams: { main: H265, sub: H265 } })).toBe("mse sub h264");
});

test("a codec found out only by trying counts as if it had been told", () => {
  const failed = [failure("mse", "main", null, "unsupported")];
  expect(plan({ failed })).toBe("whep main as it is");
  expect(plan({ failed, offer: { whep: false, worker: true } })).toBe("mse sub as it is");
});

test("a conversion without room says so, and leaves the sub-stream to be asked for", () => {
  const streams = { main: H265, sub: H265 };
  const failed = [failure("mse", "main", "h264", "busy")];
  expect(choose(wished({ streams, failed }))).toEqual({ kind: "none", why: "busy", codec: H265, trySub: true });
  const wish = { role: "sub", why: "by_hand" } as const;
  expect(plan({ streams, failed, wish })).toBe("mse sub h264");
  failed.push(failure("mse", "sub", "h264", "busy"));
  expect(choose(wished({ streams, failed, wish }))).toMatchObject({ kind: "none", why: "busy", trySub: false });
});

test("without the worker nothing is asked of it", () => {
  const offer = { whep: true, worker: false };
  expect(choose(wished({ streams: { main: H265 }, offer }))).toMatchObject({ kind: "none", why: "no_worker" });
  expect(choose(wished({ streams: { main: H265, sub: H264 }, offer }))).toMatchObject({ kind: "play" });
  const failed = [failure("mse", "main", "h264", "no_worker")];
  expect(choose(wished({ streams: { main: H265 }, failed }))).toMatchObject({ kind: "none", why: "no_worker" });
});

test("where there is no MSE the ladder goes on: WHEP, then HLS", () => {
  expect(plan({ browser: OLD_IPHONE })).toBe("whep main as it is");
  expect(plan({ browser: OLD_IPHONE, offer: { whep: false, worker: true } })).toBe("hls main as it is");
  // A codec that one way cannot play is no matter for the next.
  expect(plan({ browser: OLD_IPHONE, streams: { main: H265 } })).toBe("hls main as it is");
  expect(plan({ browser: browser({}) })).toBe("no_way");
  expect(choose(wished({ browser: OLD_IPHONE }))).toMatchObject({
    wayWhy: { kind: "instead", of: "mse", because: "absent" },
    best: false,
  });
});

test("what a person prefers comes first, and what stands in its place says why", () => {
  expect(choose(wished({ prefer: "whep" }))).toMatchObject({ plan: { way: "whep" }, wayWhy: { kind: "preferred" } });
  const reason = (given: Partial<Asked>) => {
    const choice = choose(wished({ prefer: "whep", ...given }));
    return choice.kind === "play" && [choice.plan.way, choice.wayWhy, choice.best];
  };
  const instead = (because: string, code: string | null) => [
    "mse",
    { kind: "instead", of: "whep", because, code },
    false,
  ];
  expect(reason({ offer: { whep: false, worker: true } })).toEqual(instead("absent", null));
  expect(reason({ failed: [failure("whep", "main", null, "ice")] })).toEqual(instead("failed", "ice"));
  expect(reason({ failed: [failure("whep", "main", null, "unsupported")] })).toEqual(instead("codec", "unsupported"));
  expect(plan({ prefer: "hls" })).toBe("mse main as it is");
  expect(plan({ prefer: "hls", browser: SAFARI })).toBe("hls main as it is");
});

test("the past knows one way, and the same ladder of streams", () => {
  const past = (given: Partial<Asked>) => choosePast(wished(given));
  expect(past({ browser: SAFARI, prefer: "whep" })).toMatchObject({ plan: { way: "mse", role: "main", form: null } });
  expect(past({ streams: { main: H265, sub: H264 } })).toMatchObject({ plan: { role: "sub", form: null } });
  expect(past({ streams: { main: H265 } })).toMatchObject({ plan: { role: "main", form: "h264" } });
  expect(past({ browser: OLD_IPHONE })).toMatchObject({ kind: "none", why: "no_way" });
});

/** Small enough to try all of it. */
test("never plays what failed, what is not there, or what does not play", () => {
  const codecs = [H264, H265, null];
  for (const main of codecs)
    for (const sub of [...codecs, undefined])
      for (const over of [CHROMIUM, SAFARI, OLD_IPHONE])
        for (const worker of [true, false])
          for (const role of ["main", "sub"] as const) {
            if (role === "sub" && sub === undefined) continue;
            const streams = { main, ...(sub === undefined ? {} : { sub }) };
            const failed: Failure[] = [];
            for (let tries = 0; ; tries++) {
              expect(tries).toBeLessThan(10);
              const wish = { role, why: "large_tile" } as const;
              const choice = choose(wished({ streams, browser: over, offer: { whep: true, worker }, wish, failed }));
              if (choice.kind === "none") break;
              const { plan } = choice;
              const codec = plan.form ? H264 : (streams[plan.role] ?? null);
              expect(over[plan.way](codec)).toBe(true);
              expect(plan.form === null || worker).toBe(true);
              expect(failed).not.toContainEqual({ ...plan, code: "x" });
              failed.push({ ...plan, code: "x" });
            }
          }
});
