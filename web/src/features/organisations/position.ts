/** Degrees as people type them, and as maps hand them out. Pure. */

/** Returns what was typed in degrees: null for nothing, undefined for what is none within the bounds. */
export function degrees(typed: string, most: number): number | null | undefined {
  const text = typed.trim();
  if (text === "") return null;
  if (!/^-?\d{1,3}([.,]\d+)?$/.test(text)) return undefined;
  const value = Number(text.replace(",", "."));
  return Math.abs(value) <= most ? value : undefined;
}

/** Returns the two numbers of a text such as `21.0285, 105.8524`; null for another text. */
export function pair(text: string): [string, string] | null {
  const both = /^\s*\(?(-?\d{1,3}\.\d+)\s*[,;\s]\s*(-?\d{1,3}\.\d+)\)?\s*$/.exec(text);
  return both?.[1] && both[2] ? [both[1], both[2]] : null;
}
