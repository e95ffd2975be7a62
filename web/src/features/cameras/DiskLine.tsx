/** How full the disk is that all cameras share, and what it would not read. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { HardDrive } from "lucide-react";
import { statusQuery } from "../../api/queries";
import { bytes } from "../../lib/figures";
import { Warning } from "../../ui/Warning";

export function DiskLine() {
  const { i18n } = useLingui();
  const { data } = useQuery(statusQuery);
  if (!data) return null;
  const { used_bytes, free_bytes, unreadable_files } = data.disk;
  const most = data.disk.ceiling_bytes ?? used_bytes + free_bytes;
  const used = bytes(used_bytes, i18n.locale);
  const ceiling = bytes(most, i18n.locale);
  return (
    <>
      <div className="disk small t2">
        <HardDrive aria-hidden className="s" />
        <span>
          <Trans>
            Hình đã ghi dùng {used} trong giới hạn {ceiling}.
          </Trans>
        </span>
        <meter min={0} max={most} value={used_bytes} aria-hidden />
      </div>
      {unreadable_files > 0 && (
        <Warning>
          <Plural
            value={unreadable_files}
            one="# tệp bản ghi không đọc được lúc máy chủ khởi động, nên có đoạn thiếu khi xem lại. Kiểm tra ổ đĩa và dây nối, rồi khởi động lại Khuê."
            other="# tệp bản ghi không đọc được lúc máy chủ khởi động, nên có đoạn thiếu khi xem lại. Kiểm tra ổ đĩa và dây nối, rồi khởi động lại Khuê."
          />
        </Warning>
      )}
    </>
  );
}
