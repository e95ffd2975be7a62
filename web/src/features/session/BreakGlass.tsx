/** The envelope for emergencies: typing what stands in it, once, with a reason that every administrator reads. */
import { Trans } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Siren } from "lucide-react";
import { type FormEvent, useState } from "react";
import { openEnvelope } from "../../api/breakglass";
import { ApiError } from "../../api/error";
import { sessionQuery } from "../../api/queries";
import { Problem } from "../../desk/Problem";
import { Door } from "../../ui/Door";
import { TextField } from "../../ui/Field";

export function BreakGlass({ onBack }: { onBack: () => void }) {
  const queries = useQueryClient();
  const [secret, setSecret] = useState("");
  const [reason, setReason] = useState("");
  const opening = useMutation({
    mutationFn: () => openEnvelope(secret, reason),
    onSuccess: (session) => queries.setQueryData(sessionQuery.queryKey, session),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    opening.mutate();
  };
  const code = opening.error instanceof ApiError ? opening.error.code : "";
  return (
    <Door title={<Trans>Mở phong bì khẩn cấp</Trans>}>
      <form className="col doorform" onSubmit={submit}>
        <p className="t2">
          <Trans>
            Chỉ dùng khi không người quản trị nào vào được. Mã trong phong bì dùng được một lần; mọi người quản trị đều
            được báo.
          </Trans>
        </p>
        <TextField
          label={<Trans>Mã trong phong bì</Trans>}
          name="envelope"
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          autoFocus
        />
        <TextField
          label={<Trans>Lý do mở</Trans>}
          name="reason"
          maxLength={300}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          autoComplete="off"
        />
        {opening.error && (
          <Problem error={opening.error}>
            {code === "wrong_sign_in" && <Trans>Mã sai, đã dùng rồi, hoặc đã có phong bì mới thay phong bì này.</Trans>}
            {code === "locked_out" && <Trans>Sai quá nhiều lần. Đợi một lúc rồi thử lại.</Trans>}
          </Problem>
        )}
        <button
          type="submit"
          className="btn primary wide"
          disabled={opening.isPending || secret.trim() === "" || reason.trim() === ""}
        >
          <Siren /> <Trans>Mở phong bì và vào</Trans>
        </button>
        <button type="button" className="btn ghost wide" onClick={onBack}>
          <Trans>Quay lại đăng nhập</Trans>
        </button>
      </form>
    </Door>
  );
}
