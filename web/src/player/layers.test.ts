import { expect, test } from "vitest";
import type { Plan } from "./choose";
import { type Layer, nextLayers } from "./layers";

const sub: Plan = { way: "mse", role: "sub", form: null };
const main: Plan = { ...sub, role: "main" };
const whep: Plan = { ...sub, way: "whep" };
const wants = (plan: Plan, sound = false) => ({ plan, sound });
const layer = (key: number, plan: Plan, sound = false): Layer => ({ key, plan, sound });

test("what is seen stays until the next one has a picture", () => {
  const first = nextLayers([], wants(sub));
  expect(first).toEqual([layer(0, sub)]);
  expect(nextLayers(first, wants({ ...sub }))).toBe(first);
  const both = nextLayers(first, wants(main));
  expect(both).toEqual([layer(0, sub), layer(1, main)]);
  // A third wish takes the place of the second, which nobody has seen.
  expect(nextLayers(both, wants(whep))).toEqual([layer(0, sub), layer(2, whep)]);
});

test("back to what still plays, the one on its way is let go", () => {
  expect(nextLayers([layer(0, sub), layer(1, main)], wants(sub))).toEqual([layer(0, sub)]);
});

test("sound comes with a layer of its own, and goes from the one that plays", () => {
  const heard = nextLayers([layer(0, sub)], wants(sub, true));
  expect(heard).toEqual([layer(0, sub), layer(1, sub, true)]);
  // Refused before it began: the picture was never touched.
  expect(nextLayers(heard, wants(sub))).toEqual([layer(0, sub)]);
  expect(nextLayers([layer(1, sub, true)], wants(sub))).toEqual([layer(1, sub)]);
});

test("where sound is bound to the pictures, both are opened anew", () => {
  expect(nextLayers([layer(1, whep, true)], wants(whep))).toEqual([layer(1, whep, true), layer(2, whep)]);
});
