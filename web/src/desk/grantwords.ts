/** What may be done with cameras, and within which bounds, in the words of an office. Pure but for the language. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { GrantAction, GrantPurpose } from "../api/types";

/** What may be given, in the order in which it is shown. */
export const ACTIONS: readonly [GrantAction, MessageDescriptor][] = [
  ["see", msg`Biết có camera`],
  ["live", msg`Trực tiếp`],
  ["playback", msg`Xem lại`],
  ["export", msg`Trích xuất`],
  ["ptz", msg`Quay quét`],
  ["sound", msg`Nghe`],
  ["review", msg`Duyệt vi phạm`],
  ["configure", msg`Cài đặt`],
  ["share", msg`Chia sẻ`],
  ["plan", msg`Quy hoạch`],
  ["override", msg`Mở khẩn cấp`],
];

/** What one body may lend another by an agreement. */
export const LENDABLE: readonly GrantAction[] = ["live", "playback", "export", "ptz", "sound"];

/** What cameras watch for. */
export const PURPOSES: readonly [GrantPurpose, MessageDescriptor][] = [
  ["traffic", msg`Giao thông`],
  ["security_order", msg`An ninh trật tự`],
  ["social_safety", msg`An toàn xã hội`],
  ["admin_violation", msg`Xử lý vi phạm hành chính`],
  ["urban_order", msg`Trật tự đô thị`],
  ["environment", msg`Môi trường`],
  ["infrastructure", msg`Hạ tầng`],
  ["defence", msg`Quốc phòng`],
];

/** The finest pictures that are usually given, in lines. */
export const LINES: readonly number[] = [360, 480, 576, 720, 1080, 1440, 2160];

const DAY_US = 24 * 3_600_000_000;

/** Returns the first moment of a day as it is typed, by the clocks of Viet Nam; null for none. */
export function startOf(typed: string): number | null {
  return typed === "" ? null : Date.parse(`${typed}T00:00:00+07:00`) * 1_000;
}

/** Returns the last moment of a day as it is typed, by the clocks of Viet Nam; null for none. */
export function endOfDay(typed: string): number | null {
  const start = startOf(typed);
  return start === null ? null : start + DAY_US;
}

/** Returns the day that ends at a moment, for people to read. */
export function lastDay(until_us: number): string {
  return new Date((until_us - 1) / 1_000).toLocaleDateString("vi-VN", { timeZone: "Asia/Ho_Chi_Minh" });
}

/** Returns the number that somebody typed; null for nothing. */
export function numberOf(typed: string): number | null {
  return typed.trim() === "" ? null : Number(typed);
}
