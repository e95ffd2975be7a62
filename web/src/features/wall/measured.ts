/** Which tiles tell their figures: all or none, but for some. Pure. */

export interface Measured {
  all: boolean;
  but: ReadonlySet<number>;
}

export const NONE: Measured = { all: false, but: new Set() };

export function isMeasured({ all, but }: Measured, index: number): boolean {
  return all !== but.has(index);
}

export function toggleAll({ all }: Measured): Measured {
  return { all: !all, but: new Set() };
}

export function toggleOne({ all, but }: Measured, index: number): Measured {
  const next = new Set(but);
  if (!next.delete(index)) next.add(index);
  return { all, but: next };
}
