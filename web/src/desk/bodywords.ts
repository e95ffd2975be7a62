/** What kinds of bodies and of places there are, in the words of the office. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { OrganisationKind, SiteDetail } from "../api/types";

export const KINDS: Readonly<Record<OrganisationKind, MessageDescriptor>> = {
  committee: msg`UBND, ban chỉ đạo cấp Thành phố`,
  department: msg`Sở, ban, ngành`,
  police: msg`Công an cấp Thành phố`,
  police_division: msg`Phòng, đội nghiệp vụ Công an`,
  ward_committee: msg`UBND phường, xã`,
  ward_police: msg`Công an phường, xã`,
  military: msg`Quân đội, cảnh vệ`,
  partner: msg`Cơ quan phối hợp`,
  enterprise: msg`Doanh nghiệp`,
  household: msg`Hộ gia đình`,
  district: msg`Quận, huyện trước 1/7/2025`,
  other: msg`Đơn vị khác`,
};

export const CATEGORIES: Readonly<Record<SiteDetail["category"], MessageDescriptor>> = {
  junction: msg`Nút giao thông`,
  traffic_route: msg`Tuyến giao thông`,
  public_place: msg`Nơi công cộng`,
  market: msg`Chợ`,
  supermarket: msg`Siêu thị, trung tâm thương mại`,
  railway_station: msg`Nhà ga`,
  bus_station: msg`Bến xe`,
  airport: msg`Sân bay`,
  national_security_target: msg`Mục tiêu quan trọng về an ninh quốc gia`,
  symbolic_work: msg`Công trình biểu tượng`,
  historic_relic: msg`Di tích lịch sử`,
  scenic_site: msg`Danh lam thắng cảnh`,
  entertainment: msg`Nơi vui chơi, giải trí`,
  hotel: msg`Khách sạn`,
  bank: msg`Ngân hàng`,
  industrial_zone: msg`Khu công nghiệp`,
  other: msg`Nơi khác`,
};
