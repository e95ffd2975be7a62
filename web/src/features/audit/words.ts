/** An entry of the audit in the words of an office. Pure but for the language. */

import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { AuditRow } from "../../api/types";

/** What somebody did, by the word in the entry. */
export const ACTS: Readonly<Record<string, MessageDescriptor>> = {
  sign_in: msg`Đăng nhập`,
  sign_out: msg`Đăng xuất`,
  password: msg`Đổi mật khẩu`,
  second_factor: msg`Xác minh hai bước`,
  confirm: msg`Xác nhận lại người dùng`,
  device: msg`Nơi đang đăng nhập`,
  live: msg`Xem trực tiếp`,
  playback: msg`Xem lại`,
  export: msg`Trích xuất`,
  hold: msg`Giữ lại`,
  stream_secret: msg`Mật khẩu luồng RTSP`,
  api_token: msg`Mã truy cập của chương trình`,
  camera: msg`Sửa camera`,
  user: msg`Sửa người dùng`,
  group: msg`Sửa nhóm người dùng`,
  grant: msg`Cấp quyền cho người dùng`,
  audit: msg`Đọc nhật ký`,
  start: msg`Khởi động hệ thống`,
  damage: msg`Nhật ký bị mất dòng`,
};

/** What of an act is another act in words. */
const CHANGES: Readonly<Record<string, MessageDescriptor>> = {
  "hold released": msg`Bỏ giữ`,
  "stream_secret made": msg`Cấp mật khẩu luồng RTSP`,
  "stream_secret revoked": msg`Thu hồi mật khẩu luồng RTSP`,
  "api_token made": msg`Cấp mã truy cập cho chương trình`,
  "api_token revoked": msg`Thu hồi mã truy cập của chương trình`,
  "camera added": msg`Thêm camera`,
  "camera removed": msg`Xóa camera`,
  "group added": msg`Thêm nhóm người dùng`,
  "group removed": msg`Xóa nhóm người dùng`,
  "grant agreed": msg`Đồng ý cấp quyền`,
  "grant revoked": msg`Thu hồi quyền`,
  "user added": msg`Thêm người dùng`,
  "second_factor set": msg`Đặt xác minh hai bước`,
  "second_factor removed": msg`Gỡ xác minh hai bước`,
  "second_factor recovery codes made": msg`Lấy mã khôi phục mới`,
  "device ended": msg`Đăng xuất một nơi`,
  "device others ended": msg`Đăng xuất mọi nơi khác`,
  "user removed": msg`Xóa người dùng`,
  "user password reset": msg`Cấp mật khẩu mới`,
};

export function actWords(row: Pick<AuditRow, "act" | "details">): MessageDescriptor | null {
  return CHANGES[`${row.act} ${row.details.change ?? ""}`] ?? ACTS[row.act] ?? null;
}

/** Why an act was refused, by the code of the refusal. */
const REFUSALS: Readonly<Record<string, MessageDescriptor>> = {
  forbidden: msg`không có quyền`,
  forged: msg`yêu cầu giả mạo`,
  locked_out: msg`bị khóa tạm thời`,
  must_choose_password: msg`chưa đặt mật khẩu riêng`,
  must_set_second_factor: msg`chưa đặt xác minh hai bước`,
  not_found: msg`không tìm thấy`,
  wrong_code: msg`sai mã xác minh`,
  wrong_password: msg`sai mật khẩu hiện tại`,
  wrong_sign_in: msg`sai tên hoặc mật khẩu`,
};

export function refusalWords(code: string): MessageDescriptor | null {
  return REFUSALS[code] ?? null;
}

/** What else an entry says, but for what its act has said already. */
export function moreOf(row: Pick<AuditRow, "details">): [string, string][] {
  return Object.entries(row.details).filter(([name]) => name !== "change");
}
