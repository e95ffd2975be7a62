/** One's own passkeys: adding, naming, removing. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fingerprint, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { ApiError } from "../../api/error";
import { addPasskey, removePasskey, renamePasskey } from "../../api/passkeys";
import { passkeysQuery, secondFactorQuery, sessionQuery, signInWaysQuery } from "../../api/queries";
import type { Passkey } from "../../api/types";
import { agentName } from "../../desk/agent";
import { Problem } from "../../desk/Problem";
import { canUsePasskeys } from "../../lib/passkey";
import { date, dateTime } from "../../lib/time";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { Modal } from "../../ui/Modal";
import { toast } from "../../ui/toast";
import { RecoveryCodes } from "./RecoveryCodes";
import { Section } from "./Section";

type Open = { kind: "rename"; passkey: Passkey } | { kind: "codes"; codes: readonly string[] } | null;

export function PasskeysSection() {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data, error } = useQuery(passkeysQuery);
  const [open, setOpen] = useState<Open>(null);
  const anew = () => {
    for (const query of [passkeysQuery, secondFactorQuery, sessionQuery])
      void queries.invalidateQueries({ queryKey: query.queryKey });
    void queries.invalidateQueries({ queryKey: ["devices"] });
  };
  const adding = useMutation({
    mutationFn: () => addPasskey(ownName()),
    onSuccess: (added) => {
      if (added) toast(t`Đã thêm khóa đăng nhập.`);
      if (added && added.recovery_codes.length > 0) setOpen({ kind: "codes", codes: added.recovery_codes });
    },
    onSettled: anew,
  });
  const removing = useMutation({
    mutationFn: (passkey: Passkey) => removePasskey(passkey.id),
    onSuccess: () => toast(t`Đã gỡ khóa đăng nhập.`),
    onSettled: anew,
  });
  const problem = error ?? adding.error ?? removing.error;
  const here = canUsePasskeys() && data?.can_add;
  return (
    <Section title={<Trans>Khóa đăng nhập</Trans>}>
      <p className="t2">
        <Trans>
          Đăng nhập bằng vân tay, khuôn mặt hay mã PIN của máy này, điện thoại hoặc khóa USB, không cần mật khẩu. Trang
          giả mạo không lấy được khóa này.
        </Trans>
      </p>
      {data && data.passkeys.length > 0 && (
        <ul className="devices">
          {data.passkeys.map((passkey) => (
            <li key={passkey.id} data-passkey={passkey.name}>
              <Fingerprint aria-hidden />
              <div className="grow">
                <div className="strong">{passkey.name}</div>
                <div className="small t3">
                  <Trans>
                    Dùng ở {passkey.rp_id} · thêm {date(passkey.made_us)}
                  </Trans>
                  {" · "}
                  {passkey.used_us ? (
                    <Trans>dùng lần cuối {dateTime(passkey.used_us)}</Trans>
                  ) : (
                    <Trans>chưa dùng</Trans>
                  )}
                </div>
              </div>
              <button
                type="button"
                className="btn s ico"
                data-act="rename"
                aria-label={t`Đặt tên khác cho ${passkey.name}`}
                onClick={() => setOpen({ kind: "rename", passkey })}
              >
                <Pencil />
              </button>
              <button
                type="button"
                className="btn s ico"
                data-act="remove"
                aria-label={t`Gỡ ${passkey.name}`}
                disabled={removing.isPending}
                onClick={() => removing.mutate(passkey)}
              >
                <Trash2 />
              </button>
            </li>
          ))}
        </ul>
      )}
      {problem && <PasskeyProblem error={problem} />}
      {adding.data === null && !adding.isPending && (
        <p className="t2">
          <Trans>Chưa thêm: máy không xác nhận người dùng, hoặc bạn đã đóng cửa sổ hỏi.</Trans>
        </p>
      )}
      {data && !here && (
        <p className="t3">
          <Trans>
            Ở địa chỉ này trình duyệt không dùng được khóa đăng nhập. Mở hệ thống bằng tên máy chủ, không bằng số IP.
          </Trans>
        </p>
      )}
      {here && (
        <div className="row">
          <button
            type="button"
            className="btn"
            data-act="add-passkey"
            disabled={adding.isPending}
            onClick={() => adding.mutate()}
          >
            <Plus /> <Trans>Thêm khóa đăng nhập</Trans>
          </button>
        </div>
      )}
      {open?.kind === "rename" && <RenameForm passkey={open.passkey} onClose={() => setOpen(null)} onDone={anew} />}
      {open?.kind === "codes" && (
        <Modal title={<Trans>Mã khôi phục của bạn</Trans>} onClose={() => setOpen(null)} holdsWork>
          <RecoveryCodes codes={open.codes} onDone={() => setOpen(null)} />
        </Modal>
      )}
    </Section>
  );
}

/** A passkey in place of a phone, for who must have one of the two. */
export function AddFirst({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const { data: ways } = useQuery(signInWaysQuery);
  const adding = useMutation({
    mutationFn: () => addPasskey(ownName()),
    onSuccess: (added) => added && onCodes(added.recovery_codes),
  });
  if (!ways?.passkey || !canUsePasskeys()) return null;
  return (
    <>
      <button
        type="button"
        className="btn primary wide"
        data-act="add-passkey"
        disabled={adding.isPending}
        onClick={() => adding.mutate()}
      >
        <Fingerprint /> <Trans>Dùng vân tay, khuôn mặt hoặc khóa USB</Trans>
      </button>
      {adding.error && <PasskeyProblem error={adding.error} />}
      <div className="or" aria-hidden>
        <Trans>hoặc</Trans>
      </div>
    </>
  );
}

/** What a passkey is called at first: after the browser that made it. */
export function ownName(): string {
  const { browser, system } = agentName(navigator.userAgent);
  return [browser, system].filter(Boolean).join(" · ") || "Khuê";
}

export function PasskeyProblem({ error }: { error: Error }) {
  const { t } = useLingui();
  const code = error instanceof ApiError ? error.code : error instanceof DOMException ? error.name : "";
  return (
    <Problem error={error}>
      {code === "in_use" && t`Đây là cách xác minh cuối cùng. Thêm khóa khác hoặc điện thoại rồi mới gỡ.`}
      {code === "wrong_passkey" && t`Khóa này không dùng được ở đây. Thử khóa khác.`}
      {code === "expired" && t`Quá 5 phút. Làm lại từ đầu.`}
      {code === "InvalidStateError" && t`Máy này đã có khóa đăng nhập của bạn.`}
    </Problem>
  );
}

function RenameForm({ passkey, onClose, onDone }: { passkey: Passkey; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState(passkey.name);
  const saving = useMutation({
    mutationFn: () => renamePasskey(passkey.id, name),
    onSuccess: () => {
      onDone();
      onClose();
    },
  });
  const submit = () => {
    saving.mutate();
  };
  return (
    <FormModal
      title={<Trans>Tên của khóa đăng nhập</Trans>}
      onClose={onClose}
      className="setup"
      submit={<Trans>Lưu</Trans>}
      act="save-name"
      disabled={saving.isPending || name.trim() === ""}
      onSubmit={submit}
    >
      <TextField
        label={<Trans>Tên, để bạn nhận ra</Trans>}
        name="passkey-name"
        required
        maxLength={60}
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {saving.error && <Problem error={saving.error} />}
    </FormModal>
  );
}
