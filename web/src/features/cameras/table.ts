/** The table of cameras as people fill it. As `camera_sheet.rs` has it. Pure. */
import { msg } from "@lingui/core/macro";
import type { TableForm } from "../../desk/tables";

const COLUMNS: TableForm["columns"] = {
  number: "Số",
  name: "Tên",
  site: "Địa điểm",
  make: "Hãng",
  url: "Địa chỉ luồng chính",
  sub_url: "Địa chỉ luồng phụ",
  user: "Tên đăng nhập",
  password: "Mật khẩu",
  recording: "Ghi hình",
  retention_days: "Số ngày lưu",
  class: "Loại bảo vệ",
  owner: "Chủ quản",
  investor: "Chủ đầu tư",
  operator: "Đơn vị vận hành",
  maintainer: "Đơn vị bảo trì",
  purposes: "Mục đích",
  legal_basis: "Căn cứ pháp lý",
  heading_deg: "Hướng nhìn (độ)",
  tilt_deg: "Góc nghiêng (độ)",
  height_m: "Chiều cao (m)",
  fov_deg: "Góc quan sát (độ)",
  link_kind: "Loại đường truyền",
  life_cycle: "Tình trạng sử dụng",
  life_cycle_since: "Từ ngày",
  notice_sign: "Biển thông báo",
  notice_sign_reason: "Lý do không cần biển",
};

const BODY = msg`Không có đúng một đơn vị còn hoạt động mang tên hay mã này. Ghi mã của đơn vị.`;
const ADDRESS = msg`Địa chỉ bắt đầu bằng rtsp:// và không chứa mật khẩu.`;

const CURES: TableForm["cures"] = {
  number: msg`Số là số nguyên, mỗi camera một dòng. Camera mới thì để trống, Khuê tự đánh số.`,
  name: msg`Ghi tên camera, không để trống, dưới 200 chữ.`,
  site: msg`Ghi tên đúng một địa điểm đang có. Chưa có thì thêm địa điểm trước; trùng tên thì đặt tên khác nhau.`,
  make: msg`Tên hãng quá dài.`,
  url: ADDRESS,
  sub_url: ADDRESS,
  streams: ADDRESS,
  user: msg`Có mật khẩu thì phải có tên đăng nhập.`,
  password: msg`Có mật khẩu thì phải có tên đăng nhập; đổi sang máy khác thì ghi lại mật khẩu.`,
  recording: msg`Ghi Có hoặc Không.`,
  retention_days: msg`Số ngày lưu từ 1 đến 3650.`,
  class: msg`Ghi Thường hoặc Quốc phòng. Camera quốc phòng cần người có quyền riêng.`,
  owner: BODY,
  investor: BODY,
  operator: BODY,
  maintainer: BODY,
  purposes: msg`Ghi một hay nhiều mục đích, cách nhau bằng dấu phẩy: Giao thông, An ninh trật tự, An toàn xã hội, Xử lý vi phạm hành chính, Trật tự đô thị, Môi trường, Hạ tầng, Quốc phòng. Camera có ghi hình phải có.`,
  legal_basis: msg`Ghi số, ngày và nơi ban hành văn bản. Camera có ghi hình phải có.`,
  heading_deg: msg`Số nguyên từ 0 đến 359, tính từ hướng bắc.`,
  tilt_deg: msg`Số nguyên từ -90 đến 90, nhìn xuống là số âm.`,
  height_m: msg`Số mét từ 0 đến 500.`,
  fov_deg: msg`Số nguyên từ 1 đến 360.`,
  link_kind: msg`Ghi một trong: Cáp quang dùng riêng, Kênh thuê riêng, Internet, Không dây, Mạng nội bộ.`,
  life_cycle: msg`Ghi một trong: Dự kiến, Đã lắp, Đang dùng, Ngừng dùng, Đã thanh lý.`,
  life_cycle_since: msg`Ghi ngày như 05/01/2026.`,
  notice_sign: msg`Ghi Có, Không hoặc Không cần.`,
  notice_sign_reason: msg`Biển là Không cần thì ghi lý do.`,
};

export const CAMERA_TABLE: TableForm = { columns: COLUMNS, needed: ["name", "site", "url"], cures: CURES };
