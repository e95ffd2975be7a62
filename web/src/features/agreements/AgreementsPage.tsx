/** Agreements by which one body lends cameras to another: drawn up, signed for both sides, ended. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleSlash, FilePlus, PenLine } from "lucide-react";
import { useState } from "react";
import { endAgreement } from "../../api/agreements";
import { agreementsQuery } from "../../api/queries";
import type { Agreement } from "../../api/types";
import { AgreementStamp, SignDialog } from "../../desk/AgreementSigning";
import { lastDay } from "../../desk/grantwords";
import { ActionWords, BodyName, PurposeWords, ScopeWords } from "../../desk/Named";
import { RightsTabs } from "../../desk/PageTabs";
import { Problem } from "../../desk/Problem";
import { useStore } from "../../lib/store";
import { date } from "../../lib/time";
import { narrow } from "../../ui/appearance";
import { Empty } from "../../ui/Fallback";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";
import { AgreementForm } from "./AgreementForm";
import "./agreements.css";

type Open = { kind: "draft" } | { kind: "sign" | "end"; one: Agreement } | null;

export function AgreementsPage() {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { data, error } = useQuery(agreementsQuery);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Thoả thuận chia sẻ`}>
        <RightsTabs />
        <div className="ph tools">
          <span className="t2 grow">
            {!phone && <Trans>Có đủ chữ ký của hai bên thì bên nhận xem được, trong phạm vi thoả thuận.</Trans>}
          </span>
          {data?.may_draft && (
            <button type="button" className="btn primary" data-act="draft" onClick={() => setOpen({ kind: "draft" })}>
              <FilePlus /> <Trans>Soạn thoả thuận</Trans>
            </button>
          )}
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        {data?.agreements.length === 0 ? (
          <Empty title={<Trans>Chưa có thoả thuận nào</Trans>}>
            <p className="t2">
              {data.may_draft ? (
                <Trans>Soạn thoả thuận để đơn vị khác xem được camera của đơn vị bạn, hoặc ngược lại.</Trans>
              ) : (
                <Trans>Thoả thuận do người được ký của một trong hai đơn vị, hoặc người quản trị soạn.</Trans>
              )}
            </p>
          </Empty>
        ) : (
          <div className="tablebox cardlist">
            {(data?.agreements ?? []).map((one) => (
              <Card
                key={one.id}
                one={one}
                onSign={() => setOpen({ kind: "sign", one })}
                onEnd={() => setOpen({ kind: "end", one })}
              />
            ))}
          </div>
        )}
      </section>
      {open?.kind === "draft" && <AgreementForm onClose={close} />}
      {open?.kind === "sign" && <SignDialog one={open.one} onClose={close} />}
      {open?.kind === "end" && <EndDialog one={open.one} onClose={close} />}
    </div>
  );
}

function Card({ one, onSign, onEnd }: { one: Agreement; onSign: () => void; onEnd: () => void }) {
  const { t } = useLingui();
  const { terms } = one;
  const bounds = [
    terms.most_lines != null && t`nét nhất ${terms.most_lines} dòng`,
    terms.playback_days != null && t`xem lại ${terms.playback_days} ngày`,
    terms.hours,
  ].filter(Boolean);
  const from = terms.from_us == null ? null : date(terms.from_us);
  const until = lastDay(terms.until_us);
  return (
    <article className="agreement" data-agreement={terms.number} data-state={one.state}>
      <header>
        <h2>{terms.number}</h2>
        <AgreementStamp state={one.state} />
        <div className="row acts">
          {one.may_sign && (
            <button type="button" className="btn primary s" data-act="sign" onClick={onSign}>
              <PenLine className="s" /> <Trans>Ký</Trans>
            </button>
          )}
          {one.may_end && (
            <button type="button" className="btn s" data-act="end" onClick={onEnd}>
              <CircleSlash className="s" /> <Trans>Kết thúc</Trans>
            </button>
          )}
        </div>
      </header>
      <p>
        <Trans>
          <b>
            <BodyName id={terms.owner} />
          </b>{" "}
          cho{" "}
          <b>
            <BodyName id={terms.recipient} />
          </b>{" "}
          dùng camera
        </Trans>
      </p>
      <dl className="dl">
        <dt>{t`Camera`}</dt>
        <dd>
          <ScopeWords scope={terms.scope} />
          {(terms.purposes ?? []).length > 0 && (
            <>
              {" ("}
              <PurposeWords purposes={terms.purposes ?? []} />)
            </>
          )}
        </dd>
        <dt>{t`Được làm gì`}</dt>
        <dd>
          <ActionWords actions={terms.actions} />
          {bounds.length > 0 && <span className="t3"> · {bounds.join(" · ")}</span>}
        </dd>
        <dt>{t`Mục đích`}</dt>
        <dd>{terms.purpose}</dd>
        <dt>{t`Thời hạn`}</dt>
        <dd>
          {from ? (
            <Trans>
              từ {from} đến hết {until}
            </Trans>
          ) : (
            <Trans>đến hết {until}</Trans>
          )}
        </dd>
        <dt>{t`Văn bản`}</dt>
        <dd>{terms.document}</dd>
        <dt>{t`Chữ ký`}</dt>
        <dd>
          <Signed by={one.owner_signed} side={t`bên có camera`} />
          <br />
          <Signed by={one.recipient_signed} side={t`bên nhận`} />
        </dd>
        {one.ended && (
          <>
            <dt>{t`Kết thúc`}</dt>
            <dd>
              {date(one.ended.at_us)}, {one.ended.by}: {one.end_reason}
            </dd>
          </>
        )}
      </dl>
    </article>
  );
}

function Signed({ by, side }: { by: Agreement["owner_signed"]; side: string }) {
  if (!by)
    return (
      <span className="t3">
        <Trans>chưa ký: {side}</Trans>
      </span>
    );
  const when = date(by.at_us);
  return (
    <Trans>
      {by.by} ký {when}, {side}
    </Trans>
  );
}

function EndDialog({ one, onClose }: { one: Agreement; onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const ending = useMutation({
    mutationFn: () => endAgreement(one.id, reason.trim()),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: agreementsQuery.queryKey });
      toast(t`Đã kết thúc thoả thuận.`);
      onClose();
    },
  });
  return (
    <FormModal
      title={<Trans>Kết thúc thoả thuận {one.terms.number}?</Trans>}
      onClose={onClose}
      className="rightsform"
      submit={<Trans>Kết thúc</Trans>}
      act="sure"
      grave
      disabled={ending.isPending || reason.trim() === ""}
      onSubmit={() => ending.mutate()}
    >
      <p>
        <Trans>Bên nhận mất quyền ngay. Những gì đang phát nhờ thoả thuận này dừng trong vài giây.</Trans>
      </p>
      <TextField
        label={<Trans>Lý do</Trans>}
        required
        name="reason"
        maxLength={200}
        autoFocus
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {ending.error && <Problem error={ending.error} />}
    </FormModal>
  );
}
