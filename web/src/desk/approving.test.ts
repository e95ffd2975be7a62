import { expect, test } from "vitest";
import type { Approval } from "../api/types";
import { approvalOf } from "./approving";

const wish = (id: string, change: Partial<Approval>): Approval => ({
  id,
  own: true,
  camera: "c1",
  from_us: 100,
  to_us: 200,
  sound: false,
  purpose: "p",
  asked_us: 50,
  state: "waiting",
  may_answer: false,
  ...change,
});
const wanted = { camera: "c1", from_us: 120, to_us: 200 };

test("what was approved goes before what waits, and what is over counts for nothing", () => {
  const waits = wish("waits", {});
  const approved = wish("approved", { state: "approved", until_us: 1_000 });
  expect(approvalOf([waits, approved], wanted, 999)?.id).toBe("approved");
  expect(approvalOf([waits, approved], wanted, 1_000)?.id).toBe("waits");
  expect(approvalOf([wish("refused", { state: "refused" })], wanted, 0)).toBeNull();
});

test("another's wish, another camera, or a shorter span covers nothing", () => {
  const others = [wish("a", { own: false }), wish("b", { camera: "c2" }), wish("c", { to_us: 199 })];
  expect(approvalOf(others, wanted, 0)).toBeNull();
});
