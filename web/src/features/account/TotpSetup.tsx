/** Setting a phone up: a picture or letters to take over, the first code, and the codes on paper. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { beginTotp, finishTotp } from "../../api/account";
import { ApiError } from "../../api/error";
import type { NewTotp } from "../../api/types";
import { Problem } from "../../desk/Problem";
import { TextField } from "../../ui/Field";
import "./account.css";

export function TotpSetup({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const { t } = useLingui();
  const [code, setCode] = useState("");
  const beginning = useMutation({ mutationFn: beginTotp });
  const finishing = useMutation({ mutationFn: () => finishTotp(code), onSuccess: onCodes });
  const begin = beginning.mutate;
  useEffect(() => begin(), [begin]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    finishing.mutate();
  };
  const again = () => {
    setCode("");
    finishing.reset();
    begin();
  };
  const refused = finishing.error instanceof ApiError ? finishing.error.code : "";
  if (beginning.error)
    return (
      <div className="col setup">
        <Problem error={beginning.error} />
        <button type="button" className="btn" onClick={again}>
          <Trans>Thử lại</Trans>
        </button>
      </div>
    );
  return (
    <form className="col setup" onSubmit={submit}>
      <ol className="col steps">
        <li>
          <Trans>
            Mở ứng dụng xác thực trên điện thoại (Google Authenticator, Microsoft Authenticator hay ứng dụng tương tự)
            và quét hình này.
          </Trans>
          {beginning.data ? <Picture totp={beginning.data} /> : <div className="qr" />}
        </li>
        <li>
          <Trans>Nhập 6 số mà điện thoại hiện ra.</Trans>
          <TextField
            label={<Trans>Mã 6 số</Trans>}
            name="code"
            value={code}
            onChange={(event) => setCode(event.target.value)}
            inputMode="numeric"
            autoComplete="one-time-code"
            error={refused === "wrong_code" && t`Mã sai. Kiểm tra giờ của điện thoại, đợi mã kế tiếp hiện ra rồi nhập.`}
          />
        </li>
      </ol>
      {finishing.error && refused !== "wrong_code" && (
        <Problem error={finishing.error}>
          {refused === "expired" && t`Hình này đã quá 10 phút. Lấy hình mới rồi quét lại.`}
          {refused === "locked_out" && t`Sai quá nhiều lần. Đợi một lúc rồi thử lại.`}
        </Problem>
      )}
      {refused === "expired" ? (
        <button type="button" className="btn" onClick={again}>
          <Trans>Lấy hình mới</Trans>
        </button>
      ) : (
        <button
          type="submit"
          className="btn primary"
          data-act="finish"
          disabled={finishing.isPending || !beginning.data || code.trim() === ""}
        >
          <Trans>Bật xác minh hai bước</Trans>
        </button>
      )}
    </form>
  );
}

function Picture({ totp }: { totp: NewTotp }) {
  const { t } = useLingui();
  const grouped = totp.secret.replace(/(.{4})(?=.)/g, "$1 ");
  return (
    <>
      <svg className="qr" viewBox={`0 0 ${totp.qr_size} ${totp.qr_size}`} role="img" aria-label={t`Hình để quét`}>
        <path d={totp.qr_path} />
      </svg>
      <p className="small t2">
        <Trans>
          Không quét được: nhập tay khóa <code data-told="secret">{grouped}</code>
        </Trans>
      </p>
    </>
  );
}
