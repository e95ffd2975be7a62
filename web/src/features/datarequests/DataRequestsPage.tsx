/** Written requests of other agencies: registered, decided, answered with copies, received; and the clock that runs. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, CircleSlash, Clock, Download, FilePlus, PackageCheck } from "lucide-react";
import { useState } from "react";
import { dataRequestsQuery, sessionQuery } from "../../api/queries";
import type { DataRequest } from "../../api/types";
import { CameraName, CameraNames } from "../../desk/Named";
import { bytes } from "../../lib/figures";
import { serverNowUs } from "../../lib/serverclock";
import { DAY_US, date, dateTime, HOUR_US } from "../../lib/time";
import { Empty } from "../../ui/Fallback";
import { Warning } from "../../ui/Warning";
import { CopiesDialog } from "./CopiesDialog";
import { ReceiptDialog } from "./ReceiptDialog";
import { RegisterForm } from "./RegisterForm";
import "./datarequests.css";

type Open = { kind: "register" } | { kind: "copies" | "receipt"; one: DataRequest } | null;

export function DataRequestsPage() {
  const { t } = useLingui();
  const { data: session } = useQuery(sessionQuery);
  const { data: requests, error } = useQuery({ ...dataRequestsQuery, refetchInterval: 30_000 });
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const operator = session?.user.role === "operator";
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Yêu cầu cung cấp dữ liệu`}>
        <div className="ph tools">
          <span className="t2 grow">
            <Trans>Văn bản của cơ quan khác đề nghị cung cấp hình.</Trans>
          </span>
          {operator && (
            <button
              type="button"
              className="btn primary"
              data-act="register"
              onClick={() => setOpen({ kind: "register" })}
            >
              <FilePlus /> <Trans>Vào sổ văn bản</Trans>
            </button>
          )}
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        {requests?.length === 0 ? (
          <Empty title={<Trans>Chưa có văn bản nào</Trans>}>
            <p className="t2">
              <Trans>Ở đây có các văn bản về những camera mà bạn được trích xuất hoặc chia sẻ.</Trans>
            </p>
          </Empty>
        ) : (
          <div className="tablebox cardlist">
            {(requests ?? []).map((one) => (
              <Card
                key={one.id}
                one={one}
                onCopies={() => setOpen({ kind: "copies", one })}
                onReceipt={() => setOpen({ kind: "receipt", one })}
              />
            ))}
          </div>
        )}
      </section>
      {open?.kind === "register" && <RegisterForm onClose={close} />}
      {open?.kind === "copies" && <CopiesDialog one={open.one} onClose={close} />}
      {open?.kind === "receipt" && <ReceiptDialog one={open.one} onClose={close} />}
    </div>
  );
}

function Card({ one, onCopies, onReceipt }: { one: DataRequest; onCopies: () => void; onReceipt: () => void }) {
  const { t, i18n } = useLingui();
  const { letter } = one;
  const decided = one.decided_us == null ? null : dateTime(one.decided_us);
  return (
    <article className="datarequest" data-request={letter.number} data-state={one.state}>
      <header>
        <h2>{letter.number}</h2>
        <Stamp one={one} />
        <div className="row acts">
          {one.state === "registered" && one.may_decide && (
            <Link to="/inbox" className="btn s">
              <Trans>Quyết định ở Chờ duyệt</Trans>
            </Link>
          )}
          {(one.state === "approved" || one.state === "handed_over") && (
            <button type="button" className="btn s" data-act="copies" onClick={onCopies}>
              <Download className="s" /> <Trans>Làm bản sao</Trans>
            </button>
          )}
          {one.state === "handed_over" && (
            <button type="button" className="btn s" data-act="receipt" onClick={onReceipt}>
              <PackageCheck className="s" /> <Trans>Ghi biên nhận</Trans>
            </button>
          )}
        </div>
      </header>
      <dl className="dl">
        <dt>{t`Cơ quan`}</dt>
        <dd>
          {letter.agency}, <Trans>ngày {date(letter.dated_us)}</Trans>
        </dd>
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
        <dt>{t`Vào sổ`}</dt>
        <dd>
          {one.registered_by}, {dateTime(one.registered_us)}
        </dd>
        {decided && (
          <>
            <dt>{t`Quyết định`}</dt>
            <dd>
              {one.state === "refused" ? <Trans>Từ chối</Trans> : <Trans>Đồng ý</Trans>}, {one.decided_by}, {decided}
              {one.note && <div>{one.note}</div>}
            </dd>
          </>
        )}
        {one.received_us != null && (
          <>
            <dt>{t`Đã nhận`}</dt>
            <dd>
              {one.received_by}, {dateTime(one.received_us)}
            </dd>
          </>
        )}
      </dl>
      {one.copies.length > 0 && (
        <div>
          <h3>
            <Trans>Bản sao đã làm</Trans>
          </h3>
          <ul className="copies small">
            {one.copies.map((copy) => (
              <li key={`${copy.sha256}${copy.at_us}`}>
                <CameraName id={copy.camera} />, {bytes(copy.size_bytes, i18n.locale)}, {copy.by},{" "}
                {dateTime(copy.at_us)}
                <div className="t3 hash">SHA-256 {copy.sha256}</div>
              </li>
            ))}
          </ul>
        </div>
      )}
    </article>
  );
}

function Stamp({ one }: { one: DataRequest }) {
  const { t } = useLingui();
  switch (one.state) {
    case "registered":
    case "approved":
      return <DueStamp one={one} word={one.state === "registered" ? t`chờ quyết định` : t`đã đồng ý, chờ bản sao`} />;
    case "refused":
      return (
        <span className="stamp">
          <CircleSlash aria-hidden /> <Trans>đã từ chối</Trans>
        </span>
      );
    case "handed_over":
      return (
        <span className="stamp">
          <PackageCheck aria-hidden /> <Trans>đã giao, chờ biên nhận</Trans>
        </span>
      );
    case "received":
      return (
        <span className="stamp ok">
          <CircleCheck aria-hidden /> <Trans>bên yêu cầu đã nhận</Trans>
        </span>
      );
  }
}

/** How long there still is; what is late is red. */
function DueStamp({ one, word }: { one: DataRequest; word: string }) {
  const leftUs = one.due_us - serverNowUs();
  const due = dateTime(one.due_us);
  if (one.late || leftUs < 0)
    return (
      <span className="stamp alarm">
        <CircleAlert aria-hidden />{" "}
        <Trans>
          {word}, quá hạn từ {due}
        </Trans>
      </span>
    );
  const days = Math.floor(leftUs / DAY_US);
  const hours = Math.floor(leftUs / HOUR_US);
  return (
    <span className="stamp">
      <Clock aria-hidden />{" "}
      {days > 0 ? (
        <Trans>
          {word}, còn {days} ngày
        </Trans>
      ) : (
        <Trans>
          {word}, còn {hours} giờ
        </Trans>
      )}
    </span>
  );
}
