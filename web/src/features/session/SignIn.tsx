/** Signing in, with a code where one is asked, and choosing a password after a one-time one. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Fingerprint, KeyRound, Smartphone } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { proveSecondFactor } from "../../api/account";
import { choosePassword, signIn, signOut } from "../../api/client";
import { ApiError } from "../../api/error";
import { proveByPasskey } from "../../api/passkeys";
import { sessionQuery } from "../../api/queries";
import type { Session } from "../../api/types";
import { duration } from "../../lib/time";
import { Door } from "../../ui/Door";
import { TextField } from "../../ui/Field";
import { Password } from "../../ui/Password";
import { Warning } from "../../ui/Warning";
import { BreakGlass } from "./BreakGlass";
import { OtherWays } from "./OtherWays";

/** A password just used may be a one-time one: it is asked for again when a new one is chosen, so it is kept until then. */
let justUsed = "";

export function SignIn() {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const [waitS, setWaitS] = useState(0);
  const [envelope, setEnvelope] = useState(false);

  useEffect(() => {
    if (waitS <= 0) return;
    const timer = setTimeout(() => setWaitS(waitS - 1), 1000);
    return () => clearTimeout(timer);
  }, [waitS]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const session = await signIn(name.trim(), password);
      justUsed = password;
      queries.setQueryData(sessionQuery.queryKey, session);
    } catch (cause) {
      const refused = asApiError(cause);
      setError(refused);
      setWaitS(refused.retryAfterS ?? 0);
      setBusy(false);
    }
  };

  const locked = error?.code === "locked_out" && waitS > 0;
  if (envelope) return <BreakGlass onBack={() => setEnvelope(false)} />;
  return (
    <Door title={<Trans>Đăng nhập</Trans>}>
      <form className="col doorform" onSubmit={submit}>
        <TextField
          label={<Trans>Tên đăng nhập</Trans>}
          value={name}
          onChange={(e) => setName(e.target.value)}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          name="name"
        />
        <Password
          label={t`Mật khẩu`}
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          name="password"
        />
        {error && (
          <Warning icon={<KeyRound aria-hidden />}>
            {locked ? <LockedOut seconds={waitS} /> : <SignInError error={error} />}
          </Warning>
        )}
        <button
          type="submit"
          className="btn primary wide"
          disabled={busy || locked || name.trim() === "" || password === ""}
        >
          {busy ? <Trans>Đang đăng nhập…</Trans> : <Trans>Đăng nhập</Trans>}
        </button>
        <OtherWays />
        <p className="small t3">
          <Trans>Quên mật khẩu: người quản trị cấp cho bạn một mật khẩu dùng một lần.</Trans>
        </p>
        <button type="button" className="btn ghost s" data-act="envelope" onClick={() => setEnvelope(true)}>
          <Trans>Không người quản trị nào vào được? Mở phong bì khẩn cấp</Trans>
        </button>
      </form>
    </Door>
  );
}

/** The password was right; of whoever has a phone set up, a code of it is asked. */
export function ProveSecondFactor({ session }: { session: Session }) {
  const queries = useQueryClient();
  const [code, setCode] = useState("");
  const [paper, setPaper] = useState(!session.user.has_totp);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      queries.setQueryData(sessionQuery.queryKey, await proveSecondFactor(code));
    } catch (cause) {
      const refused = asApiError(cause);
      // It took too long: the password is asked for again.
      if (refused.code === "signed_out") queries.setQueryData(sessionQuery.queryKey, null);
      setError(refused);
      setBusy(false);
    }
  };
  const byPasskey = async () => {
    setBusy(true);
    setError(null);
    try {
      const whole = await proveByPasskey();
      if (whole) queries.setQueryData(sessionQuery.queryKey, whole);
    } catch (cause) {
      setError(asApiError(cause));
    }
    setBusy(false);
  };
  const { has_passkey, has_totp } = session.user;
  const back = async () => {
    await signOut().catch(() => undefined);
    queries.setQueryData(sessionQuery.queryKey, null);
  };
  const name = session.user.display_name;
  return (
    <Door title={<Trans>Nhập mã xác minh</Trans>}>
      <form className="col doorform" onSubmit={submit}>
        {has_passkey && (
          <button
            type="button"
            className="btn primary wide"
            data-act="prove-passkey"
            disabled={busy}
            onClick={() => void byPasskey()}
          >
            <Fingerprint /> <Trans>Dùng khóa đăng nhập</Trans>
          </button>
        )}
        <p className="t2">
          {paper ? (
            <Trans>Chào {name}. Nhập một mã khôi phục trên giấy bạn đã giữ; mỗi mã dùng được một lần.</Trans>
          ) : (
            <Trans>Chào {name}. Mở ứng dụng xác thực trên điện thoại và nhập 6 số đang hiện.</Trans>
          )}
        </p>
        <TextField
          key={paper ? "paper" : "phone"}
          label={paper ? <Trans>Mã khôi phục</Trans> : <Trans>Mã 6 số</Trans>}
          name="code"
          value={code}
          onChange={(e) => setCode(e.target.value)}
          inputMode={paper ? "text" : "numeric"}
          autoComplete="one-time-code"
          autoCapitalize="characters"
          spellCheck={false}
          autoFocus
        />
        {error && (
          <Warning icon={<Smartphone aria-hidden />}>
            <CodeError error={error} paper={paper} />
          </Warning>
        )}
        <button type="submit" className="btn primary wide" disabled={busy || code.trim() === ""}>
          <Trans>Tiếp tục</Trans>
        </button>
        {has_totp && (
          <button
            type="button"
            className="btn ghost wide"
            data-act="paper"
            onClick={() => {
              setPaper(!paper);
              setCode("");
              setError(null);
            }}
          >
            {paper ? <Trans>Dùng mã trên điện thoại</Trans> : <Trans>Không có điện thoại: dùng mã khôi phục</Trans>}
          </button>
        )}
        <button type="button" className="btn ghost wide" onClick={() => void back()}>
          <Trans>Đăng nhập bằng tên khác</Trans>
        </button>
        <p className="small t3">
          <Trans>Mất cả điện thoại lẫn mã khôi phục: người quản trị gỡ xác minh cũ cho bạn.</Trans>
        </p>
      </form>
    </Door>
  );
}

function CodeError({ error, paper }: { error: ApiError; paper: boolean }) {
  if (error.code === "wrong_code" && paper) return <Trans>Mã khôi phục này sai hoặc đã dùng rồi.</Trans>;
  if (error.code === "wrong_code") return <Trans>Mã sai hoặc đã dùng rồi. Đợi mã kế tiếp hiện ra rồi nhập.</Trans>;
  if (error.code === "locked_out") return <LockedOut seconds={error.retryAfterS ?? 0} />;
  if (error.code === "wrong_passkey") return <Trans>Khóa này không phải của tài khoản này. Dùng khóa khác.</Trans>;
  return <SignInError error={error} />;
}

function LockedOut({ seconds }: { seconds: number }) {
  if (seconds >= 60) {
    const left = duration(seconds * 1e6);
    return <Trans>Sai quá nhiều lần. Thử lại sau {left}.</Trans>;
  }
  return (
    <Plural
      value={seconds}
      one="Sai quá nhiều lần. Thử lại sau # giây."
      other="Sai quá nhiều lần. Thử lại sau # giây."
    />
  );
}

function SignInError({ error }: { error: ApiError }) {
  switch (error.code) {
    case "wrong_sign_in":
      return <Trans>Sai tên đăng nhập hoặc mật khẩu. Kiểm tra phím Caps Lock và bộ gõ tiếng Việt.</Trans>;
    case "locked_out":
      return <Trans>Bạn có thể thử lại.</Trans>;
    case "offline":
      return <Trans>Máy chủ không trả lời. Kiểm tra đường mạng rồi thử lại.</Trans>;
    default:
      return <Trans>Máy chủ không nhận đăng nhập ({error.code}).</Trans>;
  }
}

export function ChoosePassword({ session }: { session: Session }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [current, setCurrent] = useState(justUsed);
  const known = justUsed !== "";
  const [chosen, setChosen] = useState("");
  const [again, setAgain] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const differs = again !== "" && again !== chosen;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const next = await choosePassword(current, chosen);
      justUsed = "";
      queries.setQueryData(sessionQuery.queryKey, next);
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  };

  const name = session.user.display_name;
  return (
    <Door title={<Trans>Chọn mật khẩu của bạn</Trans>}>
      <form className="col doorform" onSubmit={submit}>
        <p className="t2">
          <Trans>
            Chào {name}. Mật khẩu vừa dùng chỉ dùng được một lần; từ lần sau bạn đăng nhập bằng mật khẩu chọn ở đây.
          </Trans>
        </p>
        <input type="hidden" autoComplete="username" value={session.user.name} readOnly />
        {!known && (
          <Password
            label={t`Mật khẩu dùng một lần`}
            value={current}
            onChange={setCurrent}
            autoComplete="current-password"
          />
        )}
        <Password
          label={t`Mật khẩu mới`}
          value={chosen}
          onChange={setChosen}
          autoComplete="new-password"
          name="new"
          help={t`Ít nhất 12 ký tự. Một câu dài dễ nhớ tốt hơn một từ khó.`}
        />
        <Password
          label={t`Nhập lại mật khẩu mới`}
          value={again}
          onChange={setAgain}
          autoComplete="new-password"
          name="again"
          error={differs ? t`Hai lần nhập chưa giống nhau.` : undefined}
        />
        {error && (
          <Warning icon={<KeyRound aria-hidden />}>
            <PasswordError error={error} />
          </Warning>
        )}
        <button
          type="submit"
          className="btn primary wide"
          disabled={busy || differs || chosen.length < 12 || again === ""}
        >
          <Trans>Lưu và vào làm việc</Trans>
        </button>
      </form>
    </Door>
  );
}

function PasswordError({ error }: { error: ApiError }) {
  if (error.field === "current") return <Trans>Mật khẩu dùng một lần không đúng. Đăng nhập lại từ đầu.</Trans>;
  switch (error.code) {
    case "offline":
      return <Trans>Máy chủ không trả lời. Kiểm tra đường mạng rồi thử lại.</Trans>;
    case "locked_out":
      return <Trans>Sai quá nhiều lần. Đợi một lúc rồi thử lại.</Trans>;
    default:
      return <Trans>Mật khẩu này dễ bị đoán ra. Chọn một câu dài của riêng bạn, khác mật khẩu cũ.</Trans>;
  }
}

function asApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError(0, "unknown", String(cause));
}
