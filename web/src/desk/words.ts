/**
 * What codes mean, in the words of the office: faults of cameras, reasons of
 * gaps, refusals. One place, so that a fault reads the same on a tile, in the
 * tree and in a form.
 */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

const FAULTS: Record<string, MessageDescriptor> = {
  unreachable: msg`Không tới được địa chỉ của camera. Kiểm tra nguồn điện và đường mạng.`,
  refused: msg`Máy ở địa chỉ này từ chối kết nối. Kiểm tra số cổng, RTSP đã bật trong camera chưa, và camera còn chỗ cho người xem không.`,
  wrong_credentials: msg`Camera từ chối tên đăng nhập hoặc mật khẩu.`,
  not_found: msg`Camera không có luồng hình ở địa chỉ này.`,
  unsupported: msg`Camera gửi dạng hình mà máy chủ chưa ghi được.`,
  protocol: msg`Camera trả lời sai quy cách.`,
  silent: msg`Camera vẫn kết nối nhưng không gửi hình.`,
};

/** What is wrong with a device that was asked what it is. */
const DEVICES: Record<string, MessageDescriptor> = {
  unreachable: FAULTS.unreachable as MessageDescriptor,
  silent: msg`Thiết bị trả lời quá chậm. Thử lại, hoặc nhập địa chỉ của luồng hình.`,
  device_locks_out: msg`Thiết bị đã khóa tài khoản này vì nhập sai nhiều lần. Chờ thiết bị mở khóa rồi nhập đúng mật khẩu.`,
  not_permitted: msg`Tài khoản này không đủ quyền trong thiết bị. Cấp quyền vận hành cho tài khoản ở trang cấu hình của thiết bị.`,
  clock_skew: msg`Đồng hồ của thiết bị lệch quá xa nên thiết bị từ chối mật khẩu. Đặt lại giờ trong thiết bị.`,
  other_certificate: msg`Thiết bị đưa ra chứng chỉ khác với chứng chỉ đã đặt. Kiểm tra xem thiết bị có bị thay không.`,
  elsewhere: msg`Thiết bị chuyển sang máy khác. Mật khẩu không được gửi tới đó; nhập địa chỉ của máy đó nếu là của thiết bị.`,
  incomplete: msg`Thiết bị chưa có luồng hình nào được cấu hình. Tạo một luồng trong thiết bị.`,
};

const NO_DEVICE = msg`Máy ở địa chỉ này không trả lời theo chuẩn ONVIF. Bật ONVIF trong thiết bị, hoặc nhập địa chỉ của luồng hình (rtsp://…).`;

const GAPS: Record<string, MessageDescriptor> = {
  ...FAULTS,
  clock_step: msg`Đồng hồ máy chủ được chỉnh lại.`,
  stopped: msg`Máy ghi được dừng theo lệnh.`,
  crashed: msg`Máy ghi tắt đột ngột.`,
  disk_full: msg`Ổ đĩa đầy.`,
  disk_too_slow: msg`Ổ đĩa ghi không kịp.`,
  disabled: msg`Camera không được đặt ghi hình.`,
};

const REFUSALS: Record<string, MessageDescriptor> = {
  forbidden: msg`Quyền xem do đơn vị chủ camera cấp.`,
  not_found: msg`Camera này không còn trong hệ thống.`,
  signed_out: msg`Phiên đăng nhập đã hết. Đăng nhập lại.`,
  revoked: msg`Quyền xem vừa được thu hồi.`,
  case_asked: msg`Quy định cần số hồ sơ, vụ việc cho việc này.`,
};

const LINE = msg`Mất kết nối tới máy chủ.`;
const NOT_RECORDED = msg`Không có ghi hình.`;
const NO_REASON = msg`Máy chủ không cho biết lý do.`;

/** Says why a camera gives no picture. */
export function faultWords(reason: string | null): MessageDescriptor {
  if (reason === "line") return LINE;
  return (reason !== null && FAULTS[reason]) || NO_REASON;
}

/** Says why a device did not tell what it is. */
export function deviceWords(code: string): MessageDescriptor {
  return DEVICES[code] ?? NO_DEVICE;
}

/** Says why nothing was recorded. */
export function gapWords(reason: string): MessageDescriptor {
  return GAPS[reason] ?? NOT_RECORDED;
}

/** Says why a request was refused. */
export function refusalWords(code: string | null): MessageDescriptor {
  return (code !== null && REFUSALS[code]) || NO_REASON;
}

/** Names a stream's coding as people know it, from what the camera or the browser calls it; the rest keeps its own name. */
export function codecName(codec: string): string {
  if (/^(hvc1|hev1)|265/i.test(codec)) return "H.265";
  if (/^avc|264/i.test(codec)) return "H.264";
  if (/^mp4a|^aac/i.test(codec)) return "AAC";
  if (/^ulaw|pcmu/i.test(codec)) return "G.711 µ";
  if (/^alaw|pcma/i.test(codec)) return "G.711 A";
  return /^opus/i.test(codec) ? "Opus" : codec;
}

export function isFault(code: string): boolean {
  return code in FAULTS;
}
