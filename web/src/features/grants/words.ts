/** Grants in the words of an office. Pure but for the language. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { GrantAction } from "../../api/types";

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
];

/** How a grant stands to a question. */
export const STANDINGS: Readonly<Record<string, MessageDescriptor>> = {
  allows: msg`Quyền này cho phép.`,
  other_subject: msg`Cấp cho người khác.`,
  other_class: msg`Cấp cho camera thuộc loại khác.`,
  other_camera: msg`Cấp cho camera khác.`,
  other_action: msg`Không gồm việc này.`,
  not_agreed: msg`Còn chờ người quản trị khác đồng ý.`,
  not_yet: msg`Chưa đến ngày bắt đầu.`,
  over: msg`Đã hết hạn.`,
  other_hours: msg`Lúc này ngoài giờ được cấp.`,
  role: msg`Người quản trị và người kiểm tra không giữ quyền xem hình.`,
  no_sound: msg`Camera này chưa được phép thu tiếng.`,
};

/** What somebody on watch usually has. */
export const USUAL: readonly GrantAction[] = ["live", "playback", "export", "ptz", "sound"];

const LATER = 24 * 3_600_000_000;

/** Returns the last moment of a day as it is typed, by the clocks of Viet Nam; null for none. */
export function endOfDay(typed: string): number | null {
  if (typed === "") return null;
  return Date.parse(`${typed}T00:00:00+07:00`) * 1_000 + LATER;
}

/** Returns the day that ends at a moment, for people to read. */
export function lastDay(until_us: number): string {
  return new Date((until_us - 1) / 1_000).toLocaleDateString("vi-VN", { timeZone: "Asia/Ho_Chi_Minh" });
}
