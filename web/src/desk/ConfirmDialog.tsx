/** Asks once more who one is, wherever what was asked for cannot be undone; the work goes on by itself after it. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { Building2, ExternalLink, Fingerprint, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { beginConfirmElsewhere, confirmByCode, confirmByPassword } from "../api/account";
import { asked } from "../api/confirm";
import { ApiError } from "../api/error";
import { confirmByPasskey } from "../api/passkeys";
import type { Session } from "../api/types";
import { useStore } from "../lib/store";
import { TextField } from "../ui/Field";
import { FormModal } from "../ui/FormModal";
import { Password } from "../ui/Password";
import { Problem } from "./Problem";

export function ConfirmDialog({ session }: { session: Session }) {
  const answer = useStore(asked);
  if (!answer) return null;
  return <Asking session={session} onDone={answer} />;
}

type By = "passkey" | "code" | "password" | "elsewhere";

function Asking({ session, onDone }: { session: Session; onDone: (proved: boolean) => void }) {
  const { t } = useLingui();
  const { has_passkey, has_totp, has_password, way, name } = session.user;
  const all: readonly [By, boolean][] = [
    ["passkey", has_passkey],
    ["code", has_totp],
    ["elsewhere", way === "provider"],
    ["password", has_password],
  ];
  const ways = all.filter(([, has]) => has).map(([one]) => one);
  const [by, setBy] = useState<By>(ways[0] ?? "password");
  const [typed, setTyped] = useState("");
  const proving = useMutation({
    mutationFn: async () => {
      if (by === "passkey") return confirmByPasskey();
      await (by === "code" ? confirmByCode(typed) : confirmByPassword(typed));
      return true;
    },
    onSuccess: (proved) => proved && onDone(true),
  });
  const submit = () => {
    // What was confirmed elsewhere, the request itself finds out as it is sent again.
    if (by === "elsewhere") onDone(true);
    else proving.mutate();
  };
  const close = () => onDone(false);
  const types = by === "code" || by === "password";
  const names: Record<By, string> = {
    passkey: t`Dùng khóa đăng nhập`,
    code: t`Dùng mã trên điện thoại`,
    password: t`Dùng mật khẩu`,
    elsewhere: t`Dùng tài khoản cơ quan`,
  };
  return (
    <FormModal
      title={<Trans>Xác nhận đúng là bạn</Trans>}
      onClose={close}
      className="confirmform"
      submit={
        <>
          <ShieldCheck /> {by === "elsewhere" ? <Trans>Đã xác nhận, làm tiếp</Trans> : <Trans>Xác nhận</Trans>}
        </>
      }
      act="confirm"
      disabled={proving.isPending || (types && typed === "")}
      onSubmit={submit}
    >
      <p className="t2">
        <Trans>
          Việc này quan trọng, nên hệ thống hỏi lại người đang ngồi đây có đúng là bạn. Xác nhận có giá trị 5 phút.
        </Trans>
      </p>
      <input type="hidden" autoComplete="username" value={name} readOnly />
      {by === "code" && (
        <TextField
          label={<Trans>Mã 6 số trên điện thoại</Trans>}
          name="confirm"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
        />
      )}
      {by === "password" && (
        <Password
          label={t`Mật khẩu của bạn`}
          name="confirm"
          value={typed}
          onChange={setTyped}
          autoComplete="current-password"
          autoFocus
        />
      )}
      {by === "passkey" && (
        <p>
          <Fingerprint aria-hidden />{" "}
          <Trans>Bấm Xác nhận rồi dùng vân tay, khuôn mặt, mã PIN hay khóa USB của bạn.</Trans>
        </p>
      )}
      {by === "elsewhere" && <Elsewhere />}
      {ways
        .filter((one) => one !== by)
        .map((one) => (
          <button
            key={one}
            type="button"
            className="btn ghost s"
            data-by={one}
            onClick={() => {
              setBy(one);
              setTyped("");
              proving.reset();
            }}
          >
            {names[one]}
          </button>
        ))}
      {proving.error && (
        <Problem error={proving.error}>
          <ConfirmError error={proving.error} />
        </Problem>
      )}
    </FormModal>
  );
}

/** The other installation asks in a page of its own, so that the work here stays as it is. */
function Elsewhere() {
  const going = useMutation({ mutationFn: beginConfirmElsewhere });
  return (
    <>
      {going.data ? (
        <a className="btn" href={going.data} target="_blank" rel="noreferrer" data-act="elsewhere">
          <ExternalLink /> <Trans>Mở trang xác nhận</Trans>
        </a>
      ) : (
        <button
          type="button"
          className="btn"
          data-act="elsewhere"
          disabled={going.isPending}
          onClick={() => going.mutate()}
        >
          <Building2 /> <Trans>Xác nhận bằng tài khoản cơ quan</Trans>
        </button>
      )}
      <p className="small t3">
        <Trans>Đăng nhập lại ở trang mới mở, rồi quay về đây và làm tiếp.</Trans>
      </p>
      {going.error && <Problem error={going.error} />}
    </>
  );
}

function ConfirmError({ error }: { error: Error }) {
  const { t } = useLingui();
  switch (error instanceof ApiError ? error.code : "") {
    case "wrong_password":
      return t`Sai mật khẩu. Kiểm tra phím Caps Lock và bộ gõ tiếng Việt.`;
    case "wrong_code":
      return t`Mã sai hoặc đã dùng rồi. Đợi mã kế tiếp hiện ra rồi nhập.`;
    case "wrong_passkey":
      return t`Khóa này không phải của tài khoản này. Dùng khóa khác.`;
    case "locked_out":
      return t`Sai quá nhiều lần. Đợi một lúc rồi thử lại.`;
    default:
      return null;
  }
}
