/** Codes for whoever has lost the phone: shown once, to be printed or copied. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Copy, Printer, ShieldAlert } from "lucide-react";
import { toast } from "../../ui/toast";
import "./account.css";

export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { t } = useLingui();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(codes.join("\n"));
      toast(t`Đã chép.`);
    } catch {
      toast(t`Trình duyệt không cho chép. Chọn các mã rồi chép bằng tay.`);
    }
  };
  return (
    <div className="col setup" data-told="recovery">
      <div className="note okn" role="status">
        <ShieldAlert aria-hidden />
        <span>
          <Trans>
            Giữ các mã khôi phục này ở nơi an toàn, tách khỏi điện thoại: chúng chỉ hiện một lần. Mất điện thoại thì mỗi
            mã đăng nhập được một lần.
          </Trans>
        </span>
      </div>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="row wrap noprint">
        <button type="button" className="btn" onClick={() => print()}>
          <Printer /> <Trans>In</Trans>
        </button>
        <button type="button" className="btn" onClick={() => void copy()}>
          <Copy /> <Trans>Chép</Trans>
        </button>
        <span className="grow" />
        <button type="button" className="btn primary" data-act="kept" onClick={onDone}>
          <Trans>Tôi đã giữ các mã này</Trans>
        </button>
      </div>
    </div>
  );
}
