/** Reading what somebody typed as an address, and what a device says of itself. */
import type { SurveyAnswer } from "../../api/types";

/** A clock that is further off spoils what is recorded as evidence; in seconds. */
const CLOCK_OFF_S = 5;

/** Returns the address of a device, where what was typed is one: `http://…`, or a bare host. A stream has an address of its own kind. */
export function deviceAddress(typed: string): string | null {
  const text = typed.trim();
  if (/^https?:\/\//i.test(text)) return text;
  if (text === "" || text.includes("://")) return null;
  return /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d+)?(\/\S*)?$/i.test(text) ? `http://${text}` : null;
}

/** Returns which of a sub-stream's addresses goes with the main stream that has pictures: the one at the same port. */
export function besideIt(main: string, subs: readonly string[]): string {
  const portOf = (url: string) => /^[a-z]+:\/\/(?:\[[^\]]*\]|[^/:]*):(\d+)/i.exec(url)?.[1] ?? "";
  return subs.find((sub) => portOf(sub) === portOf(main)) ?? subs[0] ?? "";
}

/** Returns how far ahead the device's clock is in whole seconds, where that is too far. */
export function clockOffAsS({ clock_offset_us }: Pick<SurveyAnswer, "clock_offset_us">): number | null {
  if (clock_offset_us === null || clock_offset_us === undefined) return null;
  const seconds = Math.round(clock_offset_us / 1e6);
  return Math.abs(seconds) > CLOCK_OFF_S ? seconds : null;
}

type Shown = SurveyAnswer["channels"][number]["main"];

/** Says what a stream is: `H.264 1920 × 1080`. */
export function streamShown(stream: Shown, named: (codec: string) => string): string {
  const size = stream.width && stream.height ? `${stream.width} × ${stream.height}` : "";
  return [stream.codec ? named(stream.codec) : "", size].filter((word) => word !== "").join(" ");
}
