/** What is told this once, to be copied: a password that was just made, and what belongs to it. Knows no noun. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Copy, ShieldAlert } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { toast } from "./toast";
import "./told.css";

export interface ToldValue {
  name: ReactNode;
  value: string;
  /** What it is, for tests and programs. */
  what: string;
}

interface Props {
  values: readonly ToldValue[];
  /** What is told, where it is no password. */
  children?: ReactNode;
}

export function Told({ values, children }: Props) {
  const root = useRef<HTMLDivElement>(null);
  // On a phone a form fills the sheet, and this stands above it.
  useEffect(() => {
    // What it returns is a promise in newer browsers, and no way to clean up.
    void root.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <div ref={root} className="note okn told" role="status">
      <ShieldAlert aria-hidden />
      <div className="col">
        <b>{children ?? <Trans>Chép lại ngay: mật khẩu chỉ hiện một lần.</Trans>}</b>
        <dl>
          {values.map((one) => (
            <Copied key={one.value} {...one} />
          ))}
        </dl>
      </div>
    </div>
  );
}

function Copied({ name, value, what }: ToldValue) {
  const { t } = useLingui();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      toast(t`Đã chép.`);
    } catch {
      toast(t`Trình duyệt không cho chép. Chọn dòng này rồi chép bằng tay.`);
    }
  };
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code data-told={what}>{value}</code>
        <button
          type="button"
          className="btn ghost s ico"
          aria-label={t`Chép ${value}`}
          title={t`Chép`}
          data-copy={what}
          onClick={() => void copy()}
        >
          <Copy />
        </button>
      </dd>
    </div>
  );
}
