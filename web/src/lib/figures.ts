/** Numbers as people read them: comma or point by language. Knows no screen. */

export function decimal(value: number, digits: number, locale: string): string {
  return value.toLocaleString(locale === "en" ? "en-GB" : "vi-VN", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** `239 MB`, in powers of ten, as disks are sold. */
export function bytes(value: number, locale: string): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  let left = value;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    unit++;
  }
  return `${decimal(left, left < 10 && unit > 1 ? 1 : 0, locale)} ${units[unit]}`;
}
