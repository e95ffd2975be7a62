/** Says on every screen that nothing is recorded because the disk is full, and what makes it go on. */
import { Trans } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { OctagonAlert } from "lucide-react";
import { statusQuery } from "../api/queries";
import { useStore } from "../lib/store";
import { narrow } from "../ui/appearance";

export function DiskBanner({ operator }: { operator: boolean }) {
  const { data } = useQuery(statusQuery);
  const phone = useStore(narrow);
  const atHolds = useRouterState({ select: (s) => s.location.pathname === "/holds" });
  if (!data?.disk.full) return null;
  return (
    <div className="banner alarm" role="alert">
      <OctagonAlert aria-hidden />
      <span className="grow">
        <b>
          <Trans>Ổ đĩa đầy: mọi camera đang ngừng ghi.</Trans>
        </b>{" "}
        <Cure operator={operator} phone={phone} />
      </span>
      {!atHolds && (
        <Link to="/holds" className="btn s">
          <Trans>Đoạn đang giữ</Trans>
        </Link>
      )}
    </div>
  );
}

/** Who may not change the installation can still let go of what is held. */
function Cure({ operator, phone }: { operator: boolean; phone: boolean }) {
  if (operator)
    return phone ? (
      <Trans>Bỏ giữ đoạn không còn cần, hoặc báo người quản trị.</Trans>
    ) : (
      <Trans>Không còn đoạn cũ nào được phép xóa. Bỏ giữ những đoạn không còn cần, hoặc báo người quản trị ngay.</Trans>
    );
  return phone ? (
    <Trans>Bỏ giữ đoạn không còn cần, thêm chỗ trống, hoặc rút ngắn hạn lưu.</Trans>
  ) : (
    <Trans>
      Không còn đoạn cũ nào được phép xóa. Bỏ giữ những đoạn không còn cần, thêm chỗ trống cho ổ đĩa, hoặc rút ngắn hạn
      lưu.
    </Trans>
  );
}
