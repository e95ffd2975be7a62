/**
 * Wall time as people read and type it: microseconds UTC in, day and hour of
 * the server's zone out. Knows no screen and reads no clock.
 *
 * Vietnam keeps UTC+7 all year, so a day is always 24 hours long and no hour
 * comes twice; the machine's own zone never enters.
 */

/** The server's zone, as `Intl` wants it. */
export const ZONE = "Asia/Ho_Chi_Minh";

const OFFSET_MS = 7 * 3_600_000;

export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;

const two = (n: number) => String(n).padStart(2, "0");

/** Returns a date whose UTC fields read as the server's zone does. */
function shifted(us: number): Date {
  return new Date(Math.floor(us / 1000) + OFFSET_MS);
}

/** `07:42:18`. */
export function clock(us: number): string {
  const d = shifted(us);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
}

/** `07:42`. */
export function clockShort(us: number): string {
  return clock(us).slice(0, 5);
}

/** `07:42:18,240`: the point of a second is a comma in Vietnamese, a point in English. */
export function clockMillis(us: number, point: "," | "." = ","): string {
  const millis = Math.floor(us / 1000) % 1000;
  return `${clock(us)}${point}${String(millis).padStart(3, "0")}`;
}

/** `20/11/2026`. */
export function date(us: number): string {
  const d = shifted(us);
  return `${two(d.getUTCDate())}/${two(d.getUTCMonth() + 1)}/${d.getUTCFullYear()}`;
}

/** `20/11`. */
export function dateShort(us: number): string {
  return date(us).slice(0, 5);
}

/** `20/11/2026 07:42:18`. */
export function dateTime(us: number): string {
  return `${date(us)} ${clock(us)}`;
}

/** `07:42`, or the hour as `show` writes it, with the day after it where that is not the day of `nowUs`. */
export function clockOfDay(us: number, nowUs: number, show: (us: number) => string = clockShort): string {
  return date(us) === date(nowUs) ? show(us) : `${show(us)} ${date(us)}`;
}

/** `20/11 07:42:18`. */
export function dateTimeShort(us: number): string {
  return `${dateShort(us)} ${clock(us)}`;
}

/** Returns the first moment of the day that holds `us`. */
export function startOfDay(us: number): number {
  const shiftedUs = us + OFFSET_MS * 1000;
  return Math.floor(shiftedUs / DAY_US) * DAY_US - OFFSET_MS * 1000;
}

const WRITTEN =
  /^(?:(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?\s+)?(\d{1,2})[:h](\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,3}))?)?$/;
const DIGITS = /^(?:(\d\d)(\d\d)(\d{4})?)?(\d\d)(\d\d)(\d\d)?$/;

/**
 * Reads what a person typed: `20/11/2026 07:42:18`, the same without seconds
 * or without the year, or only an hour, which then is of the day of `nearUs`.
 * Digits alone do as well, two for each part: `0742`, `074218`, `20110742`; the
 * number keys of a phone have nothing else. Returns null for what is no
 * moment, such as 31/02.
 */
export function parseDateTime(text: string, nearUs: number): number | null {
  const match = WRITTEN.exec(text.trim()) ?? DIGITS.exec(text.trim());
  if (!match) return null;
  const near = shifted(nearUs);
  const day = match[1] ? Number(match[1]) : near.getUTCDate();
  const month = match[2] ? Number(match[2]) : near.getUTCMonth() + 1;
  const year = match[3] ? Number(match[3]) : near.getUTCFullYear();
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? 0)];
  const millis = Number((match[7] ?? "0").padEnd(3, "0"));
  if (hour > 23 || minute > 59 || second > 59) return null;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, millis);
  const back = new Date(ms);
  if (back.getUTCDate() !== day || back.getUTCMonth() !== month - 1) return null;
  return (ms - OFFSET_MS) * 1000;
}

/** `1:02:05` or `02:05`: a length of time, to the second. */
export function duration(us: number): string {
  const total = Math.max(0, Math.round(us / SECOND_US));
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** Returns a day such as `2025-07-01` as people write it: `01/07/2025`. */
export function dayOf(iso: string): string {
  return iso.split("-").reverse().join("/");
}

/** Returns the day of a moment as forms and the API have it: `2025-07-01`. */
export function isoDay(us: number): string {
  return shifted(us).toISOString().slice(0, 10);
}
