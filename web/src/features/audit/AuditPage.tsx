/** Who did what, when and why, for whoever watches over the watchers. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useInfiniteQuery } from "@tanstack/react-query";
import { CircleSlash, ListFilter, X } from "lucide-react";
import { useState } from "react";
import { auditQuery } from "../../api/queries";
import type { AuditAsked, AuditRow } from "../../api/types";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { clock, date, dateTime, parseDateTime } from "../../lib/time";
import { narrow } from "../../ui/appearance";
import { Empty } from "../../ui/Fallback";
import { SearchField } from "../../ui/SearchField";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";
import { ACTS, actWords, detailWords, moreOf, refusalWords } from "./words";
import "./audit.css";

/** One person or one camera that is looked for, with what it is called. */
interface Only {
  kind: "user" | "camera";
  id: string;
  name: string;
}

export function AuditPage() {
  const { t, i18n } = useLingui();
  const phone = useStore(narrow);
  const [act, setAct] = useState("");
  const [refused, setRefused] = useState<"all" | "refused">("all");
  const [only, setOnly] = useState<Only[]>([]);
  const [typed, setTyped] = useState("");
  // Looking is an entry itself: what is typed counts once it is typed to its end.
  const [q, setQ] = useState("");
  const [span, setSpan] = useState<{ from?: number; to?: number }>({});
  const asked: AuditAsked = {
    ...(act ? { act } : {}),
    ...(refused === "refused" ? { refused: true } : {}),
    ...(q ? { q } : {}),
    ...(span.from !== undefined ? { from_us: span.from } : {}),
    ...(span.to !== undefined ? { to_us: span.to } : {}),
    ...Object.fromEntries(only.map(({ kind, id }) => [kind, id])),
  };
  const { data, error, hasNextPage, fetchNextPage, isFetching, isPending } = useInfiniteQuery(auditQuery(asked));
  const rows = data?.pages.flatMap((page) => page.entries) ?? [];
  const choose = (one: Only) => setOnly((all) => [...all.filter(({ kind }) => kind !== one.kind), one]);
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Nhật ký hệ thống`}>
        <div className="ph tools row wrap auditfilter">
          <form
            className="auditfind"
            onSubmit={(event) => {
              event.preventDefault();
              setQ(typed.trim());
            }}
          >
            <SearchField
              name="find"
              value={typed}
              maxLength={200}
              onSearch={(text) => {
                setTyped(text);
                if (text === "") setQ("");
              }}
              placeholder={t`Người, camera, số hồ sơ… rồi Enter`}
              aria-label={t`Tìm trong nhật ký, rồi bấm Enter`}
            />
          </form>
          <ListFilter aria-hidden className="t3" />
          <select
            className="input"
            aria-label={t`Việc`}
            name="act"
            value={act}
            onChange={(event) => setAct(event.target.value)}
          >
            <option value="">{t`Mọi việc`}</option>
            {Object.entries(ACTS).map(([value, words]) => (
              <option key={value} value={value}>
                {i18n._(words)}
              </option>
            ))}
          </select>
          <Segmented
            label={t`Kết quả`}
            value={refused}
            choices={[
              { value: "all", text: t`Tất cả` },
              { value: "refused", text: t`Bị từ chối` },
            ]}
            onChange={setRefused}
          />
          <Moment label={t`Từ ngày giờ`} name="from" us={span.from} onMoment={(from) => setSpan({ ...span, from })} />
          <Moment label={t`Trước ngày giờ`} name="to" us={span.to} onMoment={(to) => setSpan({ ...span, to })} />
          {only.map((one) => (
            <button
              key={one.kind}
              type="button"
              className="chip line"
              onClick={() => setOnly(only.filter((other) => other !== one))}
              aria-label={t`Bỏ lọc ${one.name}`}
            >
              <span className="clip">{one.name}</span> <X aria-hidden />
            </button>
          ))}
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được nhật ký. Đang thử lại.</Trans>
          </Warning>
        )}
        {!isPending && rows.length === 0 && !hasNextPage ? (
          <Empty title={<Trans>Không có dòng nào khớp</Trans>}>
            <p className="t2">
              <Trans>Bỏ bớt điều kiện lọc, hoặc chọn khoảng ngày giờ khác.</Trans>
            </p>
          </Empty>
        ) : (
          <div className="tablebox">
            <table className="tbl audit">
              <thead>
                <tr>
                  {phone ? (
                    <th>{t`Lúc, ai`}</th>
                  ) : (
                    <>
                      <th>{t`Lúc`}</th>
                      <th>{t`Ai`}</th>
                    </>
                  )}
                  <th>{t`Việc`}</th>
                  {!phone && (
                    <>
                      <th>{t`Với`}</th>
                      <th>{t`Mục đích`}</th>
                    </>
                  )}
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <Row key={row.n} row={row} phone={phone} onOnly={choose} />
                ))}
              </tbody>
            </table>
            {hasNextPage && (
              <p className="more">
                <button type="button" className="btn" disabled={isFetching} onClick={() => void fetchNextPage()}>
                  <Trans>Xem các dòng cũ hơn</Trans>
                </button>
              </p>
            )}
          </div>
        )}
      </section>
    </div>
  );
}

function Row({ row, phone, onOnly }: { row: AuditRow; phone: boolean; onOnly: (only: Only) => void }) {
  const { t, i18n } = useLingui();
  const words = actWords(row);
  const why = row.refused && refusalWords(row.refused);
  const who = row.who;
  const camera = row.object?.kind === "camera" ? row.object : null;
  const withWhat = camera ? (
    <button
      type="button"
      className="link"
      onClick={() => onOnly({ kind: "camera", id: camera.id, name: camera.name || camera.id })}
      title={t`Chỉ xem camera này`}
    >
      {camera.name || camera.id}
    </button>
  ) : (
    row.object?.name
  );
  const more = moreOf(row);
  const detail = (name: string) => {
    const known = detailWords(name);
    return known ? i18n._(known) : name;
  };
  return (
    <tr data-n={row.n} data-act={row.act}>
      {!phone && <td className="nowrap">{dateTime(row.at_us)}</td>}
      <td>
        {phone && (
          <div className="nowrap">
            {date(row.at_us)}
            <br />
            {clock(row.at_us)}
          </div>
        )}
        {who ? (
          <button
            type="button"
            className="link strong"
            onClick={() => onOnly({ kind: "user", id: who.user, name: who.name })}
            title={t`Chỉ xem người này`}
          >
            {who.name}
          </button>
        ) : (
          <span className="t2">{row.act === "sign_in" ? t`không rõ` : t`hệ thống`}</span>
        )}
        {row.from && <div className="t3">{row.from}</div>}
      </td>
      <td>
        <div>{words ? i18n._(words) : row.act}</div>
        {row.refused && (
          <div className="refused">
            <CircleSlash className="s" aria-hidden /> <Trans>Từ chối: {why ? i18n._(why) : row.refused}</Trans>
          </div>
        )}
        {more.length > 0 && (
          <details>
            <summary className="t3">
              <Trans>Chi tiết</Trans>
            </summary>
            <dl>
              {more.map(([name, value]) => (
                <div key={name}>
                  <dt className="t3">{detail(name)}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
        {phone && (
          <>
            {withWhat && <div>{withWhat}</div>}
            {row.purpose && <div className="t2">{row.purpose}</div>}
          </>
        )}
      </td>
      {!phone && (
        <>
          <td>{withWhat}</td>
          <td>{row.purpose}</td>
        </>
      )}
    </tr>
  );
}

/** A field for a moment, taken when it is left or Enter is pressed; empty for none. */
function Moment({
  label,
  name,
  us,
  onMoment,
}: {
  label: string;
  name: string;
  us: number | undefined;
  onMoment: (us: number | undefined) => void;
}) {
  const { t } = useLingui();
  const [text, setText] = useState<string | null>(null);
  const take = () => {
    if (text === null) return;
    const read = text.trim() === "" ? undefined : parseDateTime(text, serverNowUs());
    setText(null);
    if (read === null) toast(t`Nhập giờ như 20/11/2026 06:51:07, hoặc 06:51, hoặc 0651.`);
    else onMoment(read);
  };
  return (
    <input
      className="input moment"
      name={name}
      aria-label={label}
      placeholder={label}
      autoComplete="off"
      value={text ?? (us === undefined ? "" : dateTime(us))}
      onChange={(event) => setText(event.target.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
      }}
    />
  );
}
