/** One's own account: the second factor, where one is signed in, the password, what programs ask by. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, LogOut, Printer, ShieldCheck, ShieldOff, Smartphone } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { endOtherDevices, newRecoveryCodes, removeSecondFactor } from "../../api/account";
import { choosePassword } from "../../api/client";
import { ApiError } from "../../api/error";
import { devicesQuery, secondFactorQuery, sessionQuery } from "../../api/queries";
import { DeviceRows } from "../../desk/Devices";
import { Problem } from "../../desk/Problem";
import { date } from "../../lib/time";
import { Modal } from "../../ui/Modal";
import { Password } from "../../ui/Password";
import { toast } from "../../ui/toast";
import { PasskeysSection } from "./PasskeysSection";
import { RecoveryCodes } from "./RecoveryCodes";
import { Section } from "./Section";
import { TokensSection } from "./TokensSection";
import { TotpSetup } from "./TotpSetup";
import "./account.css";

export function AccountPage() {
  const { t } = useLingui();
  return (
    <div className="body">
      <section className="centre page account" aria-label={t`Tài khoản của tôi`}>
        <PasskeysSection />
        <SecondFactorSection />
        <DevicesSection />
        <PasswordSection />
        <TokensSection />
      </section>
    </div>
  );
}

type Open = { kind: "set" } | { kind: "codes"; codes: string[] } | null;

function SecondFactorSection() {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data: has, error } = useQuery(secondFactorQuery);
  const [open, setOpen] = useState<Open>(null);
  const anew = () => {
    void queries.invalidateQueries({ queryKey: secondFactorQuery.queryKey });
    void queries.invalidateQueries({ queryKey: devicesQuery.queryKey });
    void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
  };
  const told = (codes: string[]) => {
    setOpen({ kind: "codes", codes });
    anew();
  };
  const printing = useMutation({ mutationFn: newRecoveryCodes, onSuccess: told });
  const removing = useMutation({
    mutationFn: removeSecondFactor,
    onSuccess: () => {
      toast(t`Đã tắt xác minh hai bước.`);
      anew();
    },
  });
  const since = has?.totp_since_us;
  const problem = error ?? printing.error ?? removing.error;
  return (
    <Section title={<Trans>Xác minh hai bước</Trans>}>
      {has &&
        (since ? (
          <>
            <p>
              <ShieldCheck className="good" aria-hidden />{" "}
              <Trans>Đang bật từ {date(since)}: mỗi lần đăng nhập cần thêm mã trên điện thoại.</Trans>
            </p>
            <p className={has.recovery_codes < 3 ? "" : "t2"}>
              {has.recovery_codes === 0 ? (
                <Trans>Không còn mã khôi phục nào. Lấy mã mới để không bị khóa ngoài khi mất điện thoại.</Trans>
              ) : (
                <Trans>Còn {has.recovery_codes} trong 10 mã khôi phục.</Trans>
              )}
            </p>
          </>
        ) : (
          <p className="t2">
            <Trans>
              Đang tắt. Bật lên thì người biết mật khẩu của bạn vẫn không vào được nếu không có điện thoại của bạn.
            </Trans>
          </p>
        ))}
      {problem && <Problem error={problem} />}
      {has && (
        <div className="row wrap">
          <button
            type="button"
            className={since ? "btn" : "btn primary"}
            data-act="set"
            onClick={() => setOpen({ kind: "set" })}
          >
            <Smartphone /> {since ? <Trans>Đổi điện thoại</Trans> : <Trans>Bật xác minh hai bước</Trans>}
          </button>
          {since && (
            <button
              type="button"
              className="btn"
              data-act="codes"
              disabled={printing.isPending}
              onClick={() => printing.mutate()}
            >
              <Printer /> <Trans>Lấy mã khôi phục mới</Trans>
            </button>
          )}
          {since && !has.required && (
            <button
              type="button"
              className="btn ghost"
              data-act="remove"
              disabled={removing.isPending}
              onClick={() => removing.mutate()}
            >
              <ShieldOff /> <Trans>Tắt</Trans>
            </button>
          )}
        </div>
      )}
      {open?.kind === "set" && (
        <Modal title={<Trans>Bật xác minh hai bước</Trans>} onClose={() => setOpen(null)} holdsWork>
          <TotpSetup onCodes={told} />
        </Modal>
      )}
      {open?.kind === "codes" && (
        <Modal title={<Trans>Mã khôi phục</Trans>} onClose={() => setOpen(null)} holdsWork>
          <RecoveryCodes codes={open.codes} onDone={() => setOpen(null)} />
        </Modal>
      )}
    </Section>
  );
}

function DevicesSection() {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data: devices, error } = useQuery(devicesQuery);
  const ending = useMutation({
    mutationFn: endOtherDevices,
    onSuccess: () => {
      toast(t`Đã đăng xuất ở mọi nơi khác.`);
      void queries.invalidateQueries({ queryKey: devicesQuery.queryKey });
    },
  });
  const problem = error ?? ending.error;
  return (
    <Section title={<Trans>Nơi đang đăng nhập</Trans>}>
      {devices && <DeviceRows devices={devices} />}
      {problem && <Problem error={problem} />}
      {(devices?.length ?? 0) > 1 && (
        <div className="row">
          <button
            type="button"
            className="btn"
            data-act="end-others"
            disabled={ending.isPending}
            onClick={() => ending.mutate()}
          >
            <LogOut /> <Trans>Đăng xuất mọi nơi khác</Trans>
          </button>
        </div>
      )}
    </Section>
  );
}

function PasswordSection() {
  const { t } = useLingui();
  const form = useId();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const [current, setCurrent] = useState("");
  const [chosen, setChosen] = useState("");
  const [again, setAgain] = useState("");
  const differs = again !== "" && again !== chosen;
  const saving = useMutation({
    mutationFn: () => choosePassword(current, chosen),
    onSuccess: (next) => {
      queries.setQueryData(sessionQuery.queryKey, next);
      void queries.invalidateQueries({ queryKey: devicesQuery.queryKey });
      for (const clear of [setCurrent, setChosen, setAgain]) clear("");
      toast(t`Đã đổi mật khẩu và đăng xuất ở mọi nơi khác.`);
    },
  });
  const refused = saving.error instanceof ApiError ? saving.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <Section title={<Trans>Mật khẩu</Trans>}>
      <form id={form} className="col passwordform" onSubmit={submit}>
        <input type="hidden" autoComplete="username" value={session?.user.name ?? ""} readOnly />
        <Password
          label={t`Mật khẩu đang dùng`}
          name="current"
          value={current}
          onChange={setCurrent}
          autoComplete="current-password"
          error={refused?.field === "current" ? t`Sai mật khẩu đang dùng.` : undefined}
        />
        <Password
          label={t`Mật khẩu mới`}
          name="new"
          value={chosen}
          onChange={setChosen}
          autoComplete="new-password"
          help={t`Ít nhất 12 ký tự. Một câu dài dễ nhớ tốt hơn một từ khó.`}
          error={
            refused?.code === "weak_password"
              ? t`Mật khẩu này dễ bị đoán ra. Chọn một câu dài của riêng bạn, khác mật khẩu cũ.`
              : undefined
          }
        />
        <Password
          label={t`Nhập lại mật khẩu mới`}
          name="again"
          value={again}
          onChange={setAgain}
          autoComplete="new-password"
          error={differs ? t`Hai lần nhập chưa giống nhau.` : undefined}
        />
        {saving.error && !refused?.field && (
          <Problem error={saving.error}>
            {refused?.code === "locked_out" && t`Sai quá nhiều lần. Đợi một lúc rồi thử lại.`}
          </Problem>
        )}
        <div className="row">
          <button
            type="submit"
            className="btn"
            disabled={saving.isPending || differs || current === "" || chosen.length < 12 || again === ""}
          >
            <KeyRound /> <Trans>Lưu mật khẩu mới</Trans>
          </button>
        </div>
      </form>
    </Section>
  );
}
