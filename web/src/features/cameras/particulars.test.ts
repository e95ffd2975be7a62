import { expect, test } from "vitest";
import type { Particulars } from "../../api/types";
import { changeOf, formOf, isSound } from "./ParticularsFields";

const known = {
  purposes: ["traffic"],
  legal_basis: "319/QĐ-UBND",
  tilt_deg: -12,
  life_cycle: "in_service",
  notice_sign: "exempt",
  notice_sign_reason: "mục tiêu trọng điểm",
} as unknown as Particulars;

test("what nobody changed is not sent", () => {
  expect(changeOf(formOf(known), known)).toBeUndefined();
  expect(changeOf(formOf(undefined), undefined)).toBeUndefined();
});

test("what is emptied is taken away, numbers are numbers, and a reason goes with its sign", () => {
  const form = formOf(known);
  expect(changeOf({ ...form, tilt_deg: " ", height_m: "6,5" }, known)).toEqual({ tilt_deg: null, height_m: 6.5 });
  expect(changeOf({ ...form, purposes: ["traffic", "environment"] }, known)).toEqual({
    purposes: ["traffic", "environment"],
  });
  expect(changeOf({ ...form, notice_sign_reason: "khác" }, known)).toEqual({
    notice_sign: "exempt",
    notice_sign_reason: "khác",
  });
  expect(changeOf({ ...form, notice_sign: "yes", notice_sign_reason: "" }, known)).toEqual({ notice_sign: "yes" });
});

test("a figure that is none, or out of its range, cannot be sent", () => {
  const sound = (change: object) => isSound({ ...formOf(undefined), ...change });
  expect(sound({ heading_deg: "359", tilt_deg: "-90", height_m: "6,5", fov_deg: "1" })).toBe(true);
  for (const [field, text] of [
    ["heading_deg", "360"],
    ["heading_deg", "1,5"],
    ["tilt_deg", "xuống"],
    ["height_m", "501"],
    ["fov_deg", "0"],
  ] as const)
    expect(sound({ [field]: text }), `${field} ${text}`).toBe(false);
});
