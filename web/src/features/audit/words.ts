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
  watched: msg`Đã xem`,
  export: msg`Trích xuất`,
  hold: msg`Giữ lại`,
  stream_secret: msg`Mật khẩu luồng RTSP`,
  api_token: msg`Mã truy cập của chương trình`,
  camera: msg`Sửa camera`,
  organisation: msg`Sửa đơn vị`,
  site: msg`Sửa địa điểm`,
  user: msg`Sửa người dùng`,
  group: msg`Sửa nhóm người dùng`,
  grant: msg`Cấp quyền cho người dùng`,
  permission_set: msg`Sửa bộ quyền`,
  agreement: msg`Thoả thuận chia sẻ`,
  policy: msg`Ban hành quy định`,
  approval: msg`Xin duyệt trích xuất`,
  emergency: msg`Mở khẩn cấp`,
  data_request: msg`Yêu cầu cung cấp dữ liệu`,
  audit: msg`Đọc nhật ký`,
  start: msg`Khởi động hệ thống`,
  damage: msg`Nhật ký bị mất dòng`,
  backup: msg`Sao lưu`,
  break_glass: msg`Phong bì khẩn cấp`,
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
  "camera imported": msg`Thêm camera từ bảng`,
  "camera exported": msg`Xuất bảng camera`,
  "organisation added": msg`Thêm đơn vị`,
  "site added": msg`Thêm địa điểm`,
  "group added": msg`Thêm nhóm người dùng`,
  "group removed": msg`Xóa nhóm người dùng`,
  "grant agreed": msg`Đồng ý cấp quyền`,
  "grant revoked": msg`Thu hồi quyền`,
  "grant shared": msg`Chia lại quyền`,
  "permission_set added": msg`Thêm bộ quyền`,
  "permission_set removed": msg`Xóa bộ quyền`,
  "agreement drafted": msg`Soạn thoả thuận chia sẻ`,
  "agreement signed": msg`Ký thoả thuận chia sẻ`,
  "agreement ended": msg`Kết thúc thoả thuận chia sẻ`,
  "approval approved": msg`Đồng ý cho trích xuất`,
  "approval refused": msg`Từ chối cho trích xuất`,
  "emergency reviewed": msg`Xem xét việc mở khẩn cấp`,
  "data_request registered": msg`Vào sổ văn bản yêu cầu dữ liệu`,
  "data_request approved": msg`Đồng ý cung cấp dữ liệu`,
  "data_request refused": msg`Từ chối cung cấp dữ liệu`,
  "data_request handed over": msg`Làm bản sao theo văn bản`,
  "data_request received": msg`Ghi biên nhận bản sao`,
  "user suspended": msg`Tạm ngừng người dùng`,
  "user restored": msg`Cho người dùng vào lại`,
  "break_glass sealed": msg`Niêm phong phong bì khẩn cấp`,
  "break_glass opened": msg`Mở phong bì khẩn cấp`,
  "break_glass reviewed": msg`Xem xét việc mở phong bì`,
  "backup made": msg`Sao lưu`,
  "backup restored": msg`Khôi phục từ bản sao lưu`,
  "backup copied": msg`Chuyển cơ sở dữ liệu`,
  "audit exported": msg`Xuất nhật ký`,
  "audit published": msg`Công bố nhật ký từng ngày`,
  "audit co-signed": msg`Ký chung nhật ký của nơi khác`,
  "audit expired": msg`Xóa nhật ký hết hạn lưu`,
  "organisation laid": msg`Nạp danh mục đơn vị`,
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
  approval_asked: msg`chưa có người thứ hai đồng ý`,
  case_asked: msg`chưa ghi số hồ sơ`,
  confirm_it_is_you: msg`chưa xác nhận lại người dùng`,
  review_due: msg`lần mở khẩn cấp trước chưa được xem xét`,
  wrong_code: msg`sai mã xác minh`,
  wrong_password: msg`sai mật khẩu hiện tại`,
  wrong_sign_in: msg`sai tên hoặc mật khẩu`,
};

export function refusalWords(code: string): MessageDescriptor | null {
  return REFUSALS[code] ?? null;
}

/** What the particulars of an entry are called. What is not named here keeps its own word. */
const DETAILS: Readonly<Record<string, MessageDescriptor>> = {
  account: msg`tài khoản trên máy chủ`,
  actions: msg`được làm gì`,
  agency: msg`cơ quan`,
  agreement: msg`thoả thuận`,
  approval: msg`phê duyệt`,
  approval_hours: msg`duyệt xong dùng được (giờ)`,
  approve_defence: msg`duyệt trích xuất quốc phòng`,
  approve_longer_minutes: msg`duyệt trích xuất dài hơn (phút)`,
  approve_ordinary: msg`duyệt mọi trích xuất`,
  basis: msg`căn cứ`,
  by: msg`bằng`,
  camera: msg`camera`,
  case: msg`số hồ sơ`,
  case_after_hours: msg`hình cũ hơn cần số hồ sơ (giờ)`,
  case_for_export: msg`trích xuất cần số hồ sơ`,
  case_for_sound: msg`nghe tiếng cần số hồ sơ`,
  class: msg`loại`,
  data_request: msg`văn bản yêu cầu`,
  day: msg`ngày`,
  document: msg`văn bản`,
  due: msg`trả lời trước`,
  emergency_minutes: msg`mở khẩn cấp (phút)`,
  export: msg`bản trích xuất`,
  folder: msg`thư mục`,
  from: msg`từ`,
  grant: msg`quyền`,
  hours: msg`giờ trong tuần`,
  joined: msg`vào nhóm`,
  justified: msg`chính đáng`,
  left: msg`ra khỏi nhóm`,
  legal_basis: msg`căn cứ pháp luật`,
  lent_for: msg`được chia sẻ để`,
  members: msg`số thành viên`,
  name: msg`tên`,
  of: msg`xem`,
  organisation: msg`đơn vị`,
  origin: msg`nguồn`,
  owner: msg`bên có camera`,
  policy: msg`quy định, bản số`,
  place: msg`luồng`,
  reason: msg`lý do`,
  recipient: msg`bên nhận`,
  review_hours: msg`hạn xem xét (giờ)`,
  role: msg`vai trò hoặc luồng`,
  roots: msg`số ngày`,
  scope: msg`phạm vi`,
  secret: msg`mật khẩu RTSP`,
  seconds: msg`bao lâu (giây)`,
  seeks: msg`số lần tua`,
  seen: msg`đoạn đã xem`,
  sha256: msg`mã kiểm tra SHA-256`,
  signatures: msg`số chữ ký`,
  signatory: msg`được ký thoả thuận`,
  size_bytes: msg`dung lượng (byte)`,
  sound: msg`tiếng`,
  subject: msg`cấp cho`,
  to: msg`đến`,
  token: msg`mã truy cập`,
  until: msg`đến hết`,
  version: msg`bản số`,
  way: msg`cách`,
};

export function detailWords(name: string): MessageDescriptor | null {
  return DETAILS[name] ?? null;
}

/** What else an entry says, but for what its act has said already. */
export function moreOf(row: Pick<AuditRow, "details">): [string, string][] {
  return Object.entries(row.details).filter(([name]) => name !== "change");
}
