/** Signing in, and choosing a password after a one-time one. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Eye, EyeOff, KeyRound, Moon, Sun } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { choosePassword, signIn } from "../../api/client";
import { ApiError } from "../../api/error";
import { sessionQuery } from "../../api/queries";
import type { Session } from "../../api/types";
import { useStore } from "../../lib/store";
import { duration } from "../../lib/time";
import { language, setLanguage, setTheme, theme } from "../../ui/appearance";
import { TextField } from "../../ui/Field";
import { Mark } from "../../ui/Mark";
import { Segmented } from "../../ui/Segmented";
import { Warning } from "../../ui/Warning";
import "./session.css";

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
        <p className="small t3">
          <Trans>Quên mật khẩu: người quản trị cấp cho bạn một mật khẩu dùng một lần.</Trans>
        </p>
      </form>
    </Door>
  );
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

interface PasswordProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  autoComplete: string;
  name?: string;
  help?: string;
  error?: string | undefined;
}

function Password({ label, value, onChange, ...rest }: PasswordProps) {
  const { t } = useLingui();
  const [visible, setVisible] = useState(false);
  return (
    <div className="password">
      <TextField
        {...rest}
        label={label}
        type={visible ? "text" : "password"}
        value={value}
        onChange={(e) => onChange(e.target.value)}
      />
      <button
        type="button"
        aria-label={visible ? t`Ẩn mật khẩu` : t`Hiện mật khẩu`}
        onClick={() => setVisible(!visible)}
      >
        {visible ? <EyeOff /> : <Eye />}
      </button>
    </div>
  );
}

/** The page before the door: mark, words, and how they look. */
function Door({ title, children }: { title: ReactNode; children: ReactNode }) {
  const { t } = useLingui();
  const lang = useStore(language);
  const colours = useStore(theme);
  return (
    <main className="door">
      <div className="doorbox">
        <Mark className="doormark" />
        <div>
          <h1>{title}</h1>
          <p className="t2">
            <Trans>Khuê, hệ thống camera của thành phố</Trans>
          </p>
        </div>
        {children}
        <div className="row doorfoot">
          <Segmented
            label={t`Ngôn ngữ`}
            value={lang}
            onChange={setLanguage}
            choices={[
              { value: "vi", text: "Tiếng Việt" },
              { value: "en", text: "English" },
            ]}
          />
          <span className="grow" />
          <button
            type="button"
            className="btn ghost s ico"
            aria-label={colours === "dark" ? t`Dùng nền sáng` : t`Dùng nền tối`}
            onClick={() => setTheme(colours === "dark" ? "light" : "dark")}
          >
            {colours === "dark" ? <Sun /> : <Moon />}
          </button>
        </div>
      </div>
    </main>
  );
}

function asApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError(0, "unknown", String(cause));
}
