/** What whoever looks asked themselves, and how it stands. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleSlash, Clock } from "lucide-react";
import type { ReactNode } from "react";
import { approvalsQuery, emergenciesQuery } from "../../api/queries";
import type { Approval, Emergency } from "../../api/types";
import { CameraName, CameraNames } from "../../desk/Named";
import { serverNowUs } from "../../lib/serverclock";
import { dateTime } from "../../lib/time";

/** So many of the newest are shown. */
const MOST = 20;

export function Own() {
  const { data: approvals } = useQuery(approvalsQuery);
  const { data: emergencies } = useQuery(emergenciesQuery);
  const wishes = (approvals ?? []).filter((one) => one.own).slice(0, MOST);
  const opened = (emergencies ?? []).filter((one) => one.own).slice(0, MOST);
  if (wishes.length + opened.length === 0) return null;
  return (
    <section className="own">
      <h2>
        <Trans>Việc của bạn</Trans>
      </h2>
      {opened.map((one) => (
        <Opened key={one.id} one={one} />
      ))}
      {wishes.map((one) => (
        <Wish key={one.id} one={one} />
      ))}
    </section>
  );
}

function Line({ title, stands, children }: { title: ReactNode; stands: ReactNode; children: ReactNode }) {
  return (
    <div className="ownline">
      <div className="grow">
        <div className="strong">{title}</div>
        <div className="small t2">{children}</div>
      </div>
      {stands}
    </div>
  );
}

function Wish({ one }: { one: Approval }) {
  return (
    <div data-own="approval" data-state={one.state}>
      <Line
        title={
          <Trans>
            Xin trích xuất <CameraName id={one.camera} />
          </Trans>
        }
        stands={<WishStamp one={one} />}
      >
        {dateTime(one.from_us)} – {dateTime(one.to_us)} · {[one.purpose, one.case].filter(Boolean).join(" · ")}
        {one.note && (
          <div>
            <Trans>
              {one.answered_by}: {one.note}
            </Trans>
          </div>
        )}
      </Line>
    </div>
  );
}

function WishStamp({ one }: { one: Approval }) {
  switch (one.state) {
    case "waiting":
      return (
        <span className="stamp">
          <Clock aria-hidden /> <Trans>đang chờ duyệt</Trans>
        </span>
      );
    case "approved": {
      const until = dateTime(one.until_us ?? 0);
      return (
        <span className="stamp ok">
          <CircleCheck aria-hidden /> <Trans>đã duyệt, dùng đến {until}</Trans>
        </span>
      );
    }
    case "refused":
      return (
        <span className="stamp warn">
          <CircleSlash aria-hidden /> <Trans>bị từ chối</Trans>
        </span>
      );
    case "over":
      return (
        <span className="stamp">
          <Clock aria-hidden /> <Trans>đã hết hạn</Trans>
        </span>
      );
  }
}

function Opened({ one }: { one: Emergency }) {
  const { t } = useLingui();
  const late = !one.review && serverNowUs() > one.due_us;
  const due = dateTime(one.due_us);
  return (
    <div data-own="emergency">
      <Line
        title={
          <Trans>
            Mở khẩn cấp <CameraNames ids={one.cameras} />
          </Trans>
        }
        stands={
          one.review ? (
            <span className={one.review.justified ? "stamp ok" : "stamp warn"}>
              {one.review.justified ? <CircleCheck aria-hidden /> : <CircleSlash aria-hidden />}
              {one.review.justified ? t`được xem xét: chính đáng` : t`được xem xét: không chính đáng`}
            </span>
          ) : (
            <span className={late ? "stamp warn" : "stamp"}>
              <Clock aria-hidden />
              {late ? t`quá hạn xem xét từ ${due}` : t`chờ xem xét trước ${due}`}
            </span>
          )
        }
      >
        {dateTime(one.at_us)} – {dateTime(one.until_us)} · {one.reason}
        {one.review && (
          <div>
            {one.review.by}: {one.review.note}
          </div>
        )}
      </Line>
    </div>
  );
}
