/** What waits for whoever looks: who asks, for what, why, until when, and the buttons that answer. Below, what they asked themselves. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { agreeToGrant } from "../../api/grants";
import { emergenciesQuery, grantsQuery } from "../../api/queries";
import type { Agreement, Approval, DataRequest, Emergency, GrantRow } from "../../api/types";
import { SignDialog } from "../../desk/AgreementSigning";
import { lastDay } from "../../desk/grantwords";
import { ActionWords, BodyName, CameraName, CameraNames, ScopeWords } from "../../desk/Named";
import { SureDialog } from "../../desk/SureDialog";
import { useWaiting } from "../../desk/waiting";
import { serverNowUs } from "../../lib/serverclock";
import { dateTime, duration } from "../../lib/time";
import { Empty } from "../../ui/Fallback";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";
import { ApprovalAnswer, DataRequestDecision, EmergencyReview } from "./answers";
import { Own } from "./Own";
import "./inbox.css";

type Open =
  | { kind: "approval"; one: Approval; yes: boolean }
  | { kind: "grant"; one: GrantRow }
  | { kind: "agreement"; one: Agreement }
  | { kind: "emergency"; one: Emergency; yes: boolean }
  | { kind: "request"; one: DataRequest; yes: boolean }
  | null;

export function InboxPage() {
  const { t } = useLingui();
  const waiting = useWaiting();
  const { isFetched } = useQuery(emergenciesQuery);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Chờ duyệt`}>
        {waiting.failed && (
          <Warning>
            <Trans>Chưa tải được hết danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        <div className="tablebox inbox">
          {isFetched && waiting.count === 0 && (
            <Empty title={<Trans>Không có việc nào chờ bạn</Trans>}>
              <p className="t2">
                <Trans>Việc cần bạn duyệt, ký hoặc xem xét sẽ hiện ở đây.</Trans>
              </p>
            </Empty>
          )}
          {waiting.emergencies.map((one) => (
            <EmergencyCard key={one.id} one={one} onAnswer={(yes) => setOpen({ kind: "emergency", one, yes })} />
          ))}
          {waiting.approvals.map((one) => (
            <ApprovalCard key={one.id} one={one} onAnswer={(yes) => setOpen({ kind: "approval", one, yes })} />
          ))}
          {waiting.requests.map((one) => (
            <RequestCard key={one.id} one={one} onAnswer={(yes) => setOpen({ kind: "request", one, yes })} />
          ))}
          {waiting.agreements.map((one) => (
            <AgreementCard key={one.id} one={one} onSign={() => setOpen({ kind: "agreement", one })} />
          ))}
          {waiting.grants.map((one) => (
            <GrantCard key={one.id} one={one} onAgree={() => setOpen({ kind: "grant", one })} />
          ))}
          <Own />
        </div>
      </section>
      {open?.kind === "approval" && <ApprovalAnswer one={open.one} yes={open.yes} onClose={close} />}
      {open?.kind === "emergency" && <EmergencyReview one={open.one} yes={open.yes} onClose={close} />}
      {open?.kind === "request" && <DataRequestDecision one={open.one} yes={open.yes} onClose={close} />}
      {open?.kind === "agreement" && <SignDialog one={open.one} onClose={close} />}
      {open?.kind === "grant" && <AgreeDialog one={open.one} onClose={close} />}
    </div>
  );
}

/** The buttons of what is approved or refused. */
function Answers({ yes, no, onAnswer }: { yes: string; no: string; onAnswer: (yes: boolean) => void }) {
  return (
    <div className="row acts">
      <button type="button" className="btn s" data-act="no" onClick={() => onAnswer(false)}>
        {no}
      </button>
      <button type="button" className="btn s primary" data-act="yes" onClick={() => onAnswer(true)}>
        {yes}
      </button>
    </div>
  );
}

function ApprovalCard({ one, onAnswer }: { one: Approval; onAnswer: (yes: boolean) => void }) {
  const { t } = useLingui();
  const by = one.by ?? t`người đã xóa`;
  return (
    <article className="waits" data-waits="approval">
      <h2>
        <Trans>{by} xin trích xuất</Trans>
      </h2>
      <dl className="dl">
        <dt>{t`Camera`}</dt>
        <dd>
          <CameraName id={one.camera} />
        </dd>
        <dt>{t`Đoạn`}</dt>
        <dd>
          {dateTime(one.from_us)} – {dateTime(one.to_us)}, <Trans>dài {duration(one.to_us - one.from_us)}</Trans>
          {one.sound && (
            <>
              , <Trans>có tiếng</Trans>
            </>
          )}
        </dd>
        <dt>{t`Mục đích`}</dt>
        <dd>{one.purpose}</dd>
        <dt>{t`Số hồ sơ`}</dt>
        <dd>{one.case ?? t`không có`}</dd>
        <dt>{t`Gửi lúc`}</dt>
        <dd>{dateTime(one.asked_us)}</dd>
      </dl>
      <Answers yes={t`Đồng ý…`} no={t`Từ chối…`} onAnswer={onAnswer} />
    </article>
  );
}

function EmergencyCard({ one, onAnswer }: { one: Emergency; onAnswer: (yes: boolean) => void }) {
  const { t } = useLingui();
  const by = one.by ?? t`người đã xóa`;
  const late = serverNowUs() > one.due_us;
  return (
    <article className="waits" data-waits="emergency">
      <h2>
        <Trans>{by} đã mở camera khẩn cấp</Trans>
      </h2>
      <dl className="dl">
        <dt>{t`Camera`}</dt>
        <dd>
          <CameraNames ids={one.cameras} />
        </dd>
        <dt>{t`Việc đã xảy ra`}</dt>
        <dd>{one.reason}</dd>
        <dt>{t`Mở từ`}</dt>
        <dd>
          {dateTime(one.at_us)} – {dateTime(one.until_us)}
        </dd>
        <dt>{t`Xem xét trước`}</dt>
        <dd className={late ? "late" : undefined}>
          {dateTime(one.due_us)} {late && <Trans>(đã quá hạn)</Trans>}
        </dd>
      </dl>
      <Answers yes={t`Có lý do chính đáng…`} no={t`Không chính đáng…`} onAnswer={onAnswer} />
    </article>
  );
}

function RequestCard({ one, onAnswer }: { one: DataRequest; onAnswer: (yes: boolean) => void }) {
  const { t } = useLingui();
  const { letter } = one;
  return (
    <article className="waits" data-waits="request">
      <h2>
        <Trans>{letter.agency} yêu cầu cung cấp dữ liệu</Trans>
      </h2>
      <dl className="dl">
        <dt>{t`Văn bản`}</dt>
        <dd>{letter.number}</dd>
        <dt>{t`Căn cứ`}</dt>
        <dd>{letter.legal_basis}</dd>
        <dt>{t`Mục đích`}</dt>
        <dd>{letter.purpose}</dd>
        <dt>{t`Camera`}</dt>
        <dd>
          <CameraNames ids={letter.cameras} />
        </dd>
        <dt>{t`Đoạn`}</dt>
        <dd>
          {dateTime(letter.from_us)} – {dateTime(letter.to_us)}
        </dd>
        <dt>{t`Người vào sổ`}</dt>
        <dd>{one.registered_by}</dd>
        <dt>{t`Trả lời trước`}</dt>
        <dd className={one.late ? "late" : undefined}>
          {dateTime(one.due_us)} {one.late && <Trans>(đã quá hạn)</Trans>}
        </dd>
      </dl>
      <Answers yes={t`Đồng ý…`} no={t`Từ chối…`} onAnswer={onAnswer} />
    </article>
  );
}

function AgreementCard({ one, onSign }: { one: Agreement; onSign: () => void }) {
  const { t } = useLingui();
  const { terms } = one;
  return (
    <article className="waits" data-waits="agreement">
      <h2>
        <Trans>Thoả thuận {terms.number} chờ bạn ký</Trans>
      </h2>
      <dl className="dl">
        <dt>{t`Bên có camera`}</dt>
        <dd>
          <BodyName id={terms.owner} />
        </dd>
        <dt>{t`Bên nhận`}</dt>
        <dd>
          <BodyName id={terms.recipient} />
        </dd>
        <dt>{t`Camera`}</dt>
        <dd>
          <ScopeWords scope={terms.scope} />
        </dd>
        <dt>{t`Được làm gì`}</dt>
        <dd>
          <ActionWords actions={terms.actions} />
        </dd>
        <dt>{t`Mục đích`}</dt>
        <dd>{terms.purpose}</dd>
        <dt>{t`Đến hết`}</dt>
        <dd>{lastDay(terms.until_us)}</dd>
      </dl>
      <div className="row acts">
        <button type="button" className="btn s primary" data-act="yes" onClick={onSign}>
          <Trans>Ký…</Trans>
        </button>
      </div>
    </article>
  );
}

function GrantCard({ one, onAgree }: { one: GrantRow; onAgree: () => void }) {
  const { t } = useLingui();
  const { terms } = one;
  return (
    <article className="waits" data-waits="grant">
      <h2>
        <Trans>Quyền với camera quốc phòng chờ người thứ hai đồng ý</Trans>
      </h2>
      <dl className="dl">
        <dt>{t`Người cấp`}</dt>
        <dd>{one.given_by ?? t`hệ thống`}</dd>
        <dt>{t`Camera`}</dt>
        <dd>
          <ScopeWords scope={terms.scope} />
        </dd>
        <dt>{t`Được làm gì`}</dt>
        <dd>
          <ActionWords actions={terms.actions ?? []} />
        </dd>
        <dt>{t`Căn cứ`}</dt>
        <dd>{terms.basis}</dd>
        <dt>{t`Đến hết`}</dt>
        <dd>{terms.until_us == null ? t`khi thu hồi` : lastDay(terms.until_us)}</dd>
      </dl>
      <div className="row acts">
        <button type="button" className="btn s primary" data-act="yes" onClick={onAgree}>
          <Trans>Đồng ý…</Trans>
        </button>
      </div>
    </article>
  );
}

function AgreeDialog({ one, onClose }: { one: GrantRow; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SureDialog
      title={<Trans>Đồng ý cấp quyền này?</Trans>}
      act={<Trans>Đồng ý</Trans>}
      onSure={() => agreeToGrant(one.id)}
      stale={grantsQuery.queryKey}
      onDone={() => {
        toast(t`Đã đồng ý. Quyền có hiệu lực.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>
          Quyền có hiệu lực ngay với camera quốc phòng: <ScopeWords scope={one.terms.scope} />. Tên bạn được ghi vào
          nhật ký. Muốn bỏ thì thu hồi ở màn hình Quyền.
        </Trans>
      </p>
    </SureDialog>
  );
}
