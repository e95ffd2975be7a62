/**
 * Asks once what somebody watches for: the purpose, and the number of the case
 * where there is one or the rules want it. Both stand in the top bar from then
 * on, and in the log.
 */
import { Trans, useLingui } from "@lingui/react/macro";
import { Eye } from "lucide-react";
import { useState } from "react";
import { TextField } from "../ui/Field";
import { FormModal } from "../ui/FormModal";
import { Warning } from "../ui/Warning";
import { reason, setReason } from "./memory";

/** What is asked: a purpose, or a case besides, for what the rules want one. */
export type Asks = "purpose" | "playback" | "sound";

/** As the API takes it. */
export const MOST_CASE = 100;

interface Props {
  asks: Asks;
  onClose: () => void;
  onChosen: () => void;
}

export function PurposeDialog({ asks, onClose, onChosen }: Props) {
  const { t } = useLingui();
  const usual = [t`trực ban`, t`xác minh tai nạn giao thông`, t`tìm người, phương tiện`, t`kiểm tra camera`];
  const kept = reason.get();
  const now = kept?.purpose ?? null;
  const [chosen, setChosen] = useState(now !== null && !usual.includes(now) ? "" : (now ?? ""));
  const [other, setOther] = useState(now !== null && !usual.includes(now) ? now : "");
  const [number, setNumber] = useState(kept?.case ?? "");
  const why = (other.trim() || chosen).trim();
  const needsCase = asks !== "purpose";
  const isReady = why.length >= 3 && (!needsCase || number.trim() !== "");
  const submit = () => {
    if (!isReady) return;
    setReason({ purpose: why, case: number.trim() || null });
    onChosen();
  };
  return (
    <FormModal
      title={needsCase ? <Trans>Việc này thuộc hồ sơ, vụ việc nào</Trans> : <Trans>Bạn xem để làm gì</Trans>}
      onClose={onClose}
      holdsWork={needsCase}
      className="purposes"
      submit={needsCase ? <Trans>Dùng và tiếp tục</Trans> : <Trans>Dùng mục đích này</Trans>}
      disabled={!isReady}
      onSubmit={submit}
    >
      {needsCase && (
        <Warning>
          {asks === "sound" ? (
            <Trans>Theo quy định, nghe tiếng của camera phải ghi số hồ sơ hoặc vụ việc.</Trans>
          ) : (
            <Trans>Theo quy định, xem lại hình cũ như thế này phải ghi số hồ sơ hoặc vụ việc.</Trans>
          )}
        </Warning>
      )}
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
        label={<Trans>Mục đích khác</Trans>}
        name="purpose"
        value={other}
        onChange={(e) => setOther(e.target.value)}
        maxLength={200}
        placeholder={t`xác minh vụ va chạm tại ngã tư`}
        autoFocus={!needsCase}
      />
      <TextField
        label={<Trans>Số hồ sơ, vụ việc</Trans>}
        help={!needsCase && <Trans>Nếu có. Xem hình cũ, trích xuất hoặc nghe tiếng có thể cần.</Trans>}
        required={needsCase}
        name="case"
        value={number}
        onChange={(e) => setNumber(e.target.value)}
        maxLength={MOST_CASE}
        placeholder="VV-2026-00418"
        autoFocus={needsCase}
      />
      <div className="note">
        <Eye aria-hidden />
        <span>
          <Trans>
            Mục đích và số hồ sơ đứng trên thanh đầu trang, và được ghi vào nhật ký cùng tên bạn, camera và khoảng giờ.
          </Trans>
        </span>
      </div>
    </FormModal>
  );
}
