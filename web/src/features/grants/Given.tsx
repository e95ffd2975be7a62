/** What was given, one line for each: to whom, with which cameras, what, on which basis. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, Share2, Trash2 } from "lucide-react";
import { agreeToGrant } from "../../api/grants";
import { grantsQuery, groupsQuery, peopleQuery, permissionSetsQuery, sessionQuery } from "../../api/queries";
import type { GrantRow, GrantTerms } from "../../api/types";
import { lastDay } from "../../desk/grantwords";
import { ActionWords, BodyName, PurposeWords, ScopeWords } from "../../desk/Named";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { date } from "../../lib/time";
import { narrow } from "../../ui/appearance";
import { RowAct } from "../../ui/RowAct";
import { toast } from "../../ui/toast";
import { ORIGINS } from "./words";

interface Props {
  grants: readonly GrantRow[];
  onRevoke: (grant: GrantRow) => void;
  onShare: (grant: GrantRow) => void;
}

export function Given({ grants, onRevoke, onShare }: Props) {
  const { t } = useLingui();
  const phone = useStore(narrow);
  return (
    <div className="tablebox">
      <table className="tbl">
        <thead>
          <tr>
            <th>{t`Ai`}</th>
            {!phone && (
              <>
                <th>{t`Camera`}</th>
                <th>{t`Được làm gì`}</th>
                <th>{t`Căn cứ`}</th>
              </>
            )}
            <th>
              <span className="sr">{t`Việc`}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {grants.map((grant) => (
            <Row
              key={grant.id}
              grant={grant}
              phone={phone}
              onRevoke={() => onRevoke(grant)}
              onShare={() => onShare(grant)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  grant: GrantRow;
  phone: boolean;
  onRevoke: () => void;
  onShare: () => void;
}

function Row({ grant, phone, onRevoke, onShare }: RowProps) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const agreeing = useMutation({
    mutationFn: () => agreeToGrant(grant.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: grantsQuery.queryKey }),
    onError: () => toast(t`Người cấp không tự đồng ý được. Cần một người quản trị khác.`),
  });
  const { terms } = grant;
  const operator = session?.user.role === "operator";
  const mayShare = operator && grant.origin !== "emergency" && (terms.actions ?? []).includes("share");
  const acts = <What terms={terms} />;
  const where = (
    <>
      <ScopeWords scope={terms.scope} />
      {terms.class === "defence" && (
        <span className="t2">
          {" "}
          <Trans>(quốc phòng)</Trans>
        </span>
      )}
      {(terms.purposes ?? []).length > 0 && (
        <div className="t3">
          <Trans>
            chỉ camera có mục đích: <PurposeWords purposes={terms.purposes ?? []} />
          </Trans>
        </div>
      )}
    </>
  );
  const origin = ORIGINS[grant.origin];
  const why = (
    <>
      {terms.basis}
      {grant.given_by && (
        <div className="t3">
          <Trans>{grant.given_by} cấp</Trans>
        </div>
      )}
      {origin && (
        <div className="t3">
          {t(origin)}
          {grant.out_of_basis && <>: {grant.out_of_basis}</>}
        </div>
      )}
    </>
  );
  return (
    <tr data-grant={grant.id} data-origin={grant.origin}>
      <td>
        <div className="strong">
          <Who terms={terms} />
        </div>
        {grant.pending && (
          <div className="t2">
            <Trans>chờ người quản trị khác đồng ý</Trans>
          </div>
        )}
        {phone && (
          <>
            <div className="t2">{where}</div>
            <div className="t3">{acts}</div>
            <div className="t3">{why}</div>
          </>
        )}
      </td>
      {!phone && (
        <>
          <td>{where}</td>
          <td>{acts}</td>
          <td>{why}</td>
        </>
      )}
      <td>
        <div className="row acts">
          {grant.pending && !operator && (
            <RowAct what="agree" label={t`Đồng ý`} disabled={agreeing.isPending} onClick={() => agreeing.mutate()}>
              <Check />
            </RowAct>
          )}
          {mayShare && (
            <button type="button" className="btn s" data-act="share" onClick={onShare}>
              <Share2 className="s" /> <Trans>Chia lại</Trans>
            </button>
          )}
          {grant.may_revoke && (
            <RowAct what="revoke" label={t`Thu hồi`} onClick={onRevoke}>
              <Trash2 />
            </RowAct>
          )}
        </div>
      </td>
    </tr>
  );
}

/** What may be done, and within which bounds. */
function What({ terms }: { terms: GrantTerms }) {
  const { t } = useLingui();
  const { data: session } = useQuery(sessionQuery);
  const { data: sets } = useQuery({ ...permissionSetsQuery, enabled: session?.user.role === "administrator" });
  const set = sets?.find((one) => one.id === terms.permission_set);
  const { most_lines: lines, playback_days: days, from_us: from } = terms;
  const bounds = [
    lines != null && t`nét nhất ${lines} dòng`,
    days != null && t`xem lại ${days} ngày`,
    terms.hours,
    from != null && from > serverNowUs() && t`từ ${date(from)}`,
    terms.until_us != null && t`đến hết ${lastDay(terms.until_us)}`,
  ].filter(Boolean);
  return (
    <>
      {set && <div className="strong">{set.set.name}</div>}
      <ActionWords actions={terms.actions ?? []} />
      {bounds.length > 0 && <div className="t3">{bounds.join(" · ")}</div>}
    </>
  );
}

/** To whom, by name. Only administrators know all people and groups. */
function Who({ terms }: { terms: GrantTerms }) {
  const { data: session } = useQuery(sessionQuery);
  const administers = session?.user.role === "administrator";
  const { data: people } = useQuery({ ...peopleQuery, enabled: administers });
  const { data: groups } = useQuery({ ...groupsQuery, enabled: administers });
  const { kind, id } = terms.subject;
  switch (kind) {
    case "person":
      if (id === session?.user.id) return <Trans>Bạn</Trans>;
      if (!administers) return <Trans>một người khác</Trans>;
      return people?.find((one) => one.id === id)?.display_name ?? <Trans>người đã xóa</Trans>;
    case "group":
      return groups?.find((one) => one.id === id)?.name ?? <Trans>một nhóm</Trans>;
    case "organisation":
      return <BodyName id={id} />;
  }
}
