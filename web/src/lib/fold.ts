/** Vietnamese text as it is looked for and put in order. Knows no screen. */

/**
 * Folds case, Vietnamese marks and needless spaces away, so that "hang dao" finds
 * "Hàng Đào". By the rules of `crates/base/src/fold.rs`: marks of other scripts stay.
 */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(/([a-z\u00aa-\u024f])\p{M}+/gu, "$1")
    .normalize("NFC")
    .replace(/đ/g, "d")
    .replace(/[\s\u0085]+/g, " ")
    .trim();
}

/** Orders text as Vietnamese dictionaries do, numbers in it by their value. */
export const compare = (a: string, b: string) => a.localeCompare(b, "vi", { numeric: true });

/** Returns whether each word of what was typed occurs in a text that is folded. */
export function finds(typed: string, folded: string): boolean {
  return fold(typed)
    .split(" ")
    .every((word) => folded.includes(word));
}
