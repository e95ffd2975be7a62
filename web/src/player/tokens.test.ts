import { expect, test, vi } from "vitest";
import { type Grant, Tokens } from "./tokens";

const live: Grant = { camera: "c1", action: "live" };

function purse() {
  let now = 0;
  let n = 0;
  const ask = vi.fn(async (_: Grant) => ({ token: `t${++n}`, expires_us: now + 300_000_000 }));
  return { tokens: new Tokens(ask, () => now), ask, pass: (us: number) => (now += us) };
}

test("asks once for as long as the token lives, and again a minute before its end", async () => {
  const { tokens, ask, pass } = purse();
  expect((await tokens.get(live)).token).toBe("t1");
  pass(239_000_000);
  expect((await tokens.get(live)).token).toBe("t1");
  pass(2_000_000);
  expect((await tokens.get(live)).token).toBe("t2");
  expect(ask).toHaveBeenCalledTimes(2);
});

test("callers at one time share one request", async () => {
  const { tokens, ask } = purse();
  const [a, b] = await Promise.all([tokens.get(live), tokens.get(live)]);
  expect(a).toBe(b);
  expect(ask).toHaveBeenCalledTimes(1);
});

test("another camera, action, purpose, case, or sound with it is another token", async () => {
  const { tokens, ask } = purse();
  await tokens.get(live);
  await tokens.get({ ...live, camera: "c2" });
  await tokens.get({ camera: "c1", action: "playback", reason: { purpose: "a", case: null } });
  await tokens.get({ camera: "c1", action: "playback", reason: { purpose: "b", case: null } });
  await tokens.get({ camera: "c1", action: "playback", reason: { purpose: "b", case: "7" } });
  await tokens.get({ ...live, sound: true });
  expect(ask).toHaveBeenCalledTimes(6);
});

test("a refusal is not remembered", async () => {
  const { tokens, ask } = purse();
  ask.mockRejectedValueOnce(new Error("forbidden"));
  await expect(tokens.get(live)).rejects.toThrow("forbidden");
  expect((await tokens.get(live)).token).toBe("t1");
});
