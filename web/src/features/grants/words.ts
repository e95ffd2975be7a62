/** Grants in the words of an office. Pure but for the language. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { GrantAction } from "../../api/types";

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
  too_fine: msg`Chỉ cho xem hình kém nét hơn.`,
  too_old: msg`Không cho xem hình cũ như vậy.`,
  role: msg`Người quản trị và người kiểm tra không giữ quyền xem hình.`,
  no_sound: msg`Camera này chưa được phép thu tiếng.`,
};

/** What a grant came out of, where that is not the office. */
export const ORIGINS: Readonly<Record<string, MessageDescriptor>> = {
  grant: msg`chia lại`,
  agreement: msg`theo thoả thuận chia sẻ`,
  emergency: msg`mở khẩn cấp`,
};

/** What somebody on watch usually has. */
export const USUAL: readonly GrantAction[] = ["live", "playback", "export", "ptz", "sound"];
