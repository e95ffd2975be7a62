/**
 * The pictures that lie over each other in one tile: what people see, and
 * behind it what is on its way. A change of stream, way or sound is never a
 * black moment. Pure; `LivePicture.tsx` draws them.
 */
import type { Plan } from "./choose";

export interface Layer {
  key: number;
  plan: Plan;
  sound: boolean;
}

export interface Wanted {
  plan: Plan;
  sound: boolean;
}

export function samePlan(a: Plan, b: Plan): boolean {
  return a.way === b.way && a.role === b.role && a.form === b.form;
}

/** Whether sound can be let go of in place, or comes bound to the pictures. */
const letsGo = (plan: Plan) => plan.way === "mse";

/** Returns the layers after something else was wanted; the same array if nothing changes. */
export function nextLayers(layers: readonly Layer[], wanted: Wanted): readonly Layer[] {
  const newest = layers.at(-1);
  if (!newest) return [{ key: 0, ...wanted }];
  const fits = (layer: Layer) => samePlan(layer.plan, wanted.plan) && layer.sound === wanted.sound;
  if (fits(newest)) return layers;
  // Back to what still plays: the one on its way is let go.
  const still = layers.find(fits);
  if (still) return [still];
  const first = layers[0]!;
  if (!wanted.sound && first.sound && samePlan(first.plan, wanted.plan) && letsGo(first.plan))
    return [{ ...first, sound: false }];
  return [first, { key: newest.key + 1, ...wanted }];
}
