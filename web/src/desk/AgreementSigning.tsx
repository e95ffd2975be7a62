/** How an agreement stands, and signing it: on the screen of agreements, and on that of what waits. */
import { Trans, useLingui } from "@lingui/react/macro";
import { CircleCheck, CircleSlash, Clock, PenLine } from "lucide-react";
import { signAgreement } from "../api/agreements";
import { agreementsQuery } from "../api/queries";
import type { Agreement } from "../api/types";
import { toast } from "../ui/toast";
import { lastDay } from "./grantwords";
import { ActionWords, BodyName, ScopeWords } from "./Named";
import { SureDialog } from "./SureDialog";

export function AgreementStamp({ state }: { state: Agreement["state"] }) {
  switch (state) {
    case "draft":
      return (
        <span className="stamp warn">
          <PenLine aria-hidden /> <Trans>chờ đủ chữ ký</Trans>
        </span>
      );
    case "not_yet":
      return (
        <span className="stamp">
          <Clock aria-hidden /> <Trans>đã ký, chưa đến ngày</Trans>
        </span>
      );
    case "in_force":
      return (
        <span className="stamp ok">
          <CircleCheck aria-hidden /> <Trans>đang có hiệu lực</Trans>
        </span>
      );
    case "over":
      return (
        <span className="stamp">
          <Clock aria-hidden /> <Trans>đã hết hạn</Trans>
        </span>
      );
    case "ended":
      return (
        <span className="stamp">
          <CircleSlash aria-hidden /> <Trans>đã kết thúc</Trans>
        </span>
      );
  }
}

export function SignDialog({ one, onClose }: { one: Agreement; onClose: () => void }) {
  const { t } = useLingui();
  const { terms } = one;
  const last = Boolean(one.owner_signed) !== Boolean(one.recipient_signed);
  return (
    <SureDialog
      title={<Trans>Ký thoả thuận {terms.number}?</Trans>}
      act={
        <>
          <PenLine /> <Trans>Ký</Trans>
        </>
      }
      onSure={() => signAgreement(one.id)}
      stale={agreementsQuery.queryKey}
      onDone={() => {
        toast(t`Đã ký thoả thuận ${terms.number}.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>
          <BodyName id={terms.owner} /> cho <BodyName id={terms.recipient} /> dùng camera:{" "}
          <ScopeWords scope={terms.scope} />. Được: <ActionWords actions={terms.actions} />. Đến hết{" "}
          {lastDay(terms.until_us)}.
        </Trans>
      </p>
      <p className="t2">
        {last ? (
          <Trans>
            Đây là chữ ký cuối: bên nhận xem được từ ngày thoả thuận có hiệu lực. Tên bạn được ghi vào nhật ký.
          </Trans>
        ) : (
          <Trans>Bên kia ký nữa thì thoả thuận mới có hiệu lực. Tên bạn được ghi vào nhật ký.</Trans>
        )}
      </p>
    </SureDialog>
  );
}
