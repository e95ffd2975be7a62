import { expect, test } from "vitest";
import { ApiError } from "../api/error";
import { Lease } from "./lease";
import { type Token, Tokens } from "./tokens";

const MINUTE = 60_000_000;

/** A lease whose server notes what it is told, at a time that the test sets. */
function stage(renewed: () => Promise<void> = async () => undefined) {
  const told: string[] = [];
  let nowUs = 0;
  let given = 0;
  const ask = async (): Promise<Token> => ({ token: `t${++given}`, expires_us: nowUs + 5 * MINUTE });
  const tokens = new Tokens(ask, () => nowUs);
  const grant = { camera: "c1", action: "live" } as const;
  const lease = new Lease(tokens, grant, {
    renew: async (place, token) => {
      await renewed();
      told.push(`renew ${place} ${token}`);
    },
    close: async (place, token) => void told.push(`close ${place} ${token}`),
    lost: () => told.push("lost"),
  });
  const open = async (signal = new AbortController().signal) => lease.take("/whep/1", await tokens.get(grant), signal);
  const wait = (us: number) => {
    nowUs += us;
  };
  return { lease, told, open, wait };
}

test("a token is renewed before it ends, once, and what is closed is closed with the newest", async () => {
  const { lease, told, open, wait } = stage();
  expect(await open()).toBe(true);
  await lease.renew();
  expect(told).toEqual([]);
  wait(4.5 * MINUTE);
  await Promise.all([lease.renew(), lease.renew()]);
  await lease.renew();
  expect(told).toEqual(["renew /whep/1 t2"]);
  expect(lease.release()).toBe(true);
  expect(lease.release()).toBe(false);
  expect(told.slice(1)).toEqual(["close /whep/1 t2"]);
});

test("what is taken in place of another closes that", async () => {
  const { lease, told, open } = stage();
  await open();
  await open();
  expect([lease.isHeld, told]).toEqual([true, ["close /whep/1 t1"]]);
});

test("what was opened when nobody wanted it any more is closed at once", async () => {
  const { lease, told, open } = stage();
  expect(await open(AbortSignal.abort())).toBe(false);
  expect(lease.isHeld).toBe(false);
  expect(told).toEqual(["close /whep/1 t1"]);
});

test("what the server says is over is lost, and what fails in passing is not", async () => {
  let answer: Error = new ApiError(503, "busy", "");
  const { lease, told, open, wait } = stage(() => Promise.reject(answer));
  await open();
  wait(4.5 * MINUTE);
  await lease.renew();
  expect(told).toEqual([]);
  for (const [status, code] of [
    [404, "not_found"],
    [410, "expired"],
    [403, "forbidden"],
    [406, "unsupported"],
  ] as const) {
    answer = new ApiError(status, code, "");
    await lease.renew();
  }
  expect(told).toEqual(["lost", "lost", "lost", "lost"]);
});
