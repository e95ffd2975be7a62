/** The tables of organisations and of sites as people fill them. As `organisation_sheet.rs` and `site_sheet.rs` have them. Pure. */
import { msg } from "@lingui/core/macro";
import type { TableForm } from "../../desk/tables";

export const BODY_TABLE: TableForm = {
  columns: {
    code: "Mã",
    name: "Tên",
    name_en: "Tên tiếng Anh",
    kind: "Loại",
    parent: "Thuộc đơn vị",
    valid_from: "Ngày đầu",
    valid_until: "Ngày cuối",
    successors: "Đơn vị kế tiếp",
  },
  needed: ["name"],
  cures: {
    code: msg`Mã có đến 32 ký tự: chữ không dấu, số, và . - _ / Mỗi đơn vị một mã.`,
    name: msg`Ghi tên dưới 200 chữ, mỗi đơn vị một dòng. Trùng tên thì ghi thêm mã hoặc đơn vị cấp trên.`,
    name_en: msg`Tên này không dùng được.`,
    kind: msg`Ghi một trong: Sở, ban, ngành; Công an cấp Thành phố; Phòng, đội nghiệp vụ Công an; UBND phường, xã; Công an phường, xã; Quân đội, cảnh vệ; Cơ quan phối hợp; Doanh nghiệp; Hộ gia đình; UBND, ban chỉ đạo cấp Thành phố; Quận, huyện trước 1/7/2025; Đơn vị khác.`,
    parent: msg`Ghi mã, hoặc tên, của một đơn vị còn hoạt động; không vòng về chính nó.`,
    valid_from: msg`Ghi ngày như 05/01/2026.`,
    valid_until: msg`Ghi ngày như 05/01/2026, không trước ngày đầu. Đơn vị kết thúc không còn đơn vị trực thuộc, địa điểm hay camera nào.`,
    successors: msg`Ghi mã, hoặc tên, của các đơn vị kế tiếp, cách nhau bằng dấu phẩy.`,
  },
};

export const SITE_TABLE: TableForm = {
  columns: {
    name: "Tên",
    organisation: "Đơn vị",
    category: "Loại nơi",
    ward: "Phường, xã",
    address: "Địa chỉ",
    latitude: "Vĩ độ",
    longitude: "Kinh độ",
  },
  needed: ["name", "organisation"],
  cures: {
    name: msg`Ghi tên dưới 200 chữ; một đơn vị không có hai địa điểm trùng tên.`,
    organisation: msg`Ghi mã, hoặc tên, của đúng một đơn vị còn hoạt động.`,
    category: msg`Ghi một trong các loại nơi như khi thêm địa điểm: Nút giao thông, Chợ, Nơi công cộng…`,
    ward: msg`Ghi mã năm chữ số của phường, xã.`,
    address: msg`Địa chỉ quá dài.`,
    latitude: msg`Nhập số từ -90 đến 90, cùng với kinh độ.`,
    longitude: msg`Nhập số từ -180 đến 180, cùng với vĩ độ.`,
  },
};
