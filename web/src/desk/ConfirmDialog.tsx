/** Asks once more who one is, wherever what was asked for cannot be undone; the work goes on by itself after it. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { confirmByCode, confirmByPassword } from "../api/account";
import { asked } from "../api/confirm";
import { ApiError } from "../api/error";
import type { Session } from "../api/types";
import { useStore } from "../lib/store";
import { TextField } from "../ui/Field";
import { CloseButton, Modal } from "../ui/Modal";
import { Password } from "../ui/Password";
import { Problem } from "./Problem";

export function ConfirmDialog({ session }: { session: Session }) {
  const answer = useStore(asked);
  if (!answer) return null;
  return <Asking session={session} onDone={answer} />;
}

function Asking({ session, onDone }: { session: Session; onDone: (proved: boolean) => void }) {
  const { t } = useLingui();
  const form = useId();
  const phone = session.user.second_factor === "set";
  const [byCode, setByCode] = useState(phone);
  const [typed, setTyped] = useState("");
  const proving = useMutation({
    mutationFn: () => (byCode ? confirmByCode(typed) : confirmByPassword(typed)),
    onSuccess: () => onDone(true),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    proving.mutate();
  };
  const close = () => onDone(false);
  return (
    <Modal
      title={<Trans>Xác nhận đúng là bạn</Trans>}
      onClose={close}
      holdsWork
      actions={
        <>
          <CloseButton onClose={close} />
          <button
            type="submit"
            form={form}
            className="btn primary"
            data-act="confirm"
            disabled={proving.isPending || typed === ""}
          >
            <ShieldCheck /> <Trans>Xác nhận</Trans>
          </button>
        </>
      }
    >
      <form id={form} className="col confirmform" onSubmit={submit}>
        <p className="t2">
          <Trans>
            Việc này quan trọng, nên hệ thống hỏi lại người đang ngồi đây có đúng là bạn. Xác nhận có giá trị 5 phút.
          </Trans>
        </p>
        <input type="hidden" autoComplete="username" value={session.user.name} readOnly />
        {byCode ? (
          <TextField
            label={<Trans>Mã 6 số trên điện thoại</Trans>}
            name="confirm"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            inputMode="numeric"
            autoComplete="one-time-code"
            autoFocus
          />
        ) : (
          <Password
            label={t`Mật khẩu của bạn`}
            name="confirm"
            value={typed}
            onChange={setTyped}
            autoComplete="current-password"
            autoFocus
          />
        )}
        {phone && (
          <button
            type="button"
            className="btn ghost s"
            onClick={() => {
              setByCode(!byCode);
              setTyped("");
              proving.reset();
            }}
          >
            {byCode ? <Trans>Dùng mật khẩu</Trans> : <Trans>Dùng mã trên điện thoại</Trans>}
          </button>
        )}
        {proving.error && (
          <Problem error={proving.error}>
            <ConfirmError error={proving.error} />
          </Problem>
        )}
      </form>
    </Modal>
  );
}

function ConfirmError({ error }: { error: Error }) {
  const { t } = useLingui();
  switch (error instanceof ApiError ? error.code : "") {
    case "wrong_password":
      return t`Sai mật khẩu. Kiểm tra phím Caps Lock và bộ gõ tiếng Việt.`;
    case "wrong_code":
      return t`Mã sai hoặc đã dùng rồi. Đợi mã kế tiếp hiện ra rồi nhập.`;
    case "locked_out":
      return t`Sai quá nhiều lần. Đợi một lúc rồi thử lại.`;
    default:
      return null;
  }
}
