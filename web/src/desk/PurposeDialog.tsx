/** Asks once why somebody looks back. It stands in the top bar from then on, and in the log. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Eye } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { TextField } from "../ui/Field";
import { CloseButton, Modal } from "../ui/Modal";
import { purpose, setPurpose } from "./memory";

export function PurposeDialog({ onClose, onChosen }: { onClose: () => void; onChosen: () => void }) {
  const { t } = useLingui();
  const form = useId();
  const usual = [t`trực ban`, t`xác minh tai nạn giao thông`, t`tìm người, phương tiện`, t`kiểm tra camera`];
  const now = purpose.get();
  const [chosen, setChosen] = useState(now !== null && !usual.includes(now) ? "" : (now ?? ""));
  const [other, setOther] = useState(now !== null && !usual.includes(now) ? now : "");
  const why = (other.trim() || chosen).trim();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (why.length < 3) return;
    setPurpose(why);
    onChosen();
  };
  return (
    <Modal
      title={<Trans>Bạn xem lại để làm gì</Trans>}
      onClose={onClose}
      actions={
        <>
          <CloseButton onClose={onClose} />
          <button type="submit" form={form} className="btn primary" disabled={why.length < 3}>
            <Trans>Dùng mục đích này</Trans>
          </button>
        </>
      }
    >
      <form id={form} className="col purposes" onSubmit={submit}>
        <div className="row wrap" role="group" aria-label={t`Mục đích thường dùng`}>
          {usual.map((text) => (
            <button
              key={text}
              type="button"
              className="btn"
              aria-pressed={other.trim() === "" && chosen === text}
              onClick={() => {
                setChosen(text);
                setOther("");
              }}
            >
              {text}
            </button>
          ))}
        </div>
        <TextField
          label={<Trans>Mục đích khác, hoặc số hồ sơ, vụ việc</Trans>}
          value={other}
          onChange={(e) => setOther(e.target.value)}
          maxLength={200}
          placeholder={t`xác minh vụ VV-2026-00418`}
          autoFocus
        />
        <div className="note">
          <Eye aria-hidden />
          <span>
            <Trans>
              Mục đích đứng trên thanh đầu trang suốt lúc bạn xem lại, và được ghi vào nhật ký cùng tên bạn, camera và
              khoảng giờ.
            </Trans>
          </span>
        </div>
      </form>
    </Modal>
  );
}
