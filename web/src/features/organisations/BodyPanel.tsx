/** One body: what it is and was, whose unit, what is its own, and what may be done with it. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Archive, CornerDownRight, MapPin, Pencil, Plus, RotateCcw } from "lucide-react";
import { useState } from "react";
import { changeOrganisation } from "../../api/organisations";
import { camerasQuery, organisationsQuery } from "../../api/queries";
import type { Organisation, SiteDetail } from "../../api/types";
import { above, hasEnded } from "../../desk/bodies";
import { CATEGORIES, KINDS } from "../../desk/bodywords";
import { Problem } from "../../desk/Problem";
import { finds, fold } from "../../lib/fold";
import { dayOf } from "../../lib/time";
import { RowAct } from "../../ui/RowAct";
import { SearchField } from "../../ui/SearchField";
import { SidePanel } from "../../ui/SidePanel";
import { toast } from "../../ui/toast";
import { BodyForm } from "./BodyForm";
import { EndBody } from "./EndBody";
import { MoveBody } from "./MoveBody";
import { SiteForm } from "./SiteForm";

interface Props {
  body: Organisation;
  bodies: readonly Organisation[];
  sites: readonly SiteDetail[];
  /** What its sites are narrowed by at first. */
  looked: string;
  /** Whether this person may change any of it. */
  arranges: boolean;
  /** Shows another, or none. */
  onChoose: (id: string | null) => void;
}

type Open = { kind: "change" | "add" | "move" | "end" | "site" } | { kind: "change-site"; site: SiteDetail } | null;

/** How many sites are shown before somebody asks for more. */
const MOST = 50;
/** From so many on they can be looked through. */
const MANY = 8;

export function BodyPanel({ body, bodies, sites, looked, arranges, onChoose }: Props) {
  const { t } = useLingui();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const ended = hasEnded(body);
  const name = (id: string) => bodies.find((one) => one.id === id)?.name ?? "";
  const units = bodies.filter((one) => one.parent === body.id && !hasEnded(one));
  const way = above(bodies, body.id);
  const its = sites.filter((one) => one.organisation === body.id);
  const link = (id: string) => (
    <button key={id} type="button" className="link" data-to={id} onClick={() => onChoose(id)}>
      {name(id)}
    </button>
  );
  return (
    <SidePanel title={body.name} onClose={() => onChoose(null)} wide>
      {way.length > 0 && (
        <div className="small t2 bodyway">
          <Trans>Thuộc</Trans>{" "}
          {way.map((one, i) => (
            <span key={one.id}>
              {i > 0 && " › "}
              {link(one.id)}
            </span>
          ))}
        </div>
      )}
      {ended && (
        <div className="note" data-ended={body.valid_until}>
          <Archive aria-hidden />
          <span>
            <Trans>Đã kết thúc: ngày cuối là {dayOf(body.valid_until ?? "")}.</Trans>{" "}
            {body.successors.length > 0 && (
              <>
                <Trans>Kế tiếp:</Trans> {body.successors.map((id, i) => [i > 0 && ", ", link(id)])}
              </>
            )}
          </span>
        </div>
      )}
      <dl className="dl">
        <dt>{t`Loại`}</dt>
        <dd>{t(KINDS[body.kind])}</dd>
        {body.code && (
          <>
            <dt>{t`Mã`}</dt>
            <dd>{body.code}</dd>
          </>
        )}
        {body.name_en && (
          <>
            <dt>{t`Tên tiếng Anh`}</dt>
            <dd>{body.name_en}</dd>
          </>
        )}
        {body.former_names.length > 0 && (
          <>
            <dt>{t`Tên cũ`}</dt>
            <dd>{[...body.former_names].reverse().join("; ")}</dd>
          </>
        )}
        {body.valid_from && (
          <>
            <dt>{t`Ngày đầu`}</dt>
            <dd>{dayOf(body.valid_from)}</dd>
          </>
        )}
        {units.length > 0 && (
          <>
            <dt>{t`Trực thuộc`}</dt>
            <dd>
              <Plural value={units.length} one="# đơn vị" other="# đơn vị" />
            </dd>
          </>
        )}
        <dt>{t`Camera`}</dt>
        <dd>
          <CameraCount body={body.id} />
        </dd>
      </dl>
      {arranges && (
        <div className="row wrap bodyacts">
          <button type="button" className="btn s" data-act="change-body" onClick={() => setOpen({ kind: "change" })}>
            <Pencil /> <Trans>Sửa</Trans>
          </button>
          {ended ? (
            <Revive body={body} />
          ) : (
            <>
              <button type="button" className="btn s" data-act="move-body" onClick={() => setOpen({ kind: "move" })}>
                <CornerDownRight /> <Trans>Chuyển</Trans>
              </button>
              <button type="button" className="btn s" data-act="end-body" onClick={() => setOpen({ kind: "end" })}>
                <Archive /> <Trans>Kết thúc</Trans>
              </button>
              <button type="button" className="btn s" data-act="add-unit" onClick={() => setOpen({ kind: "add" })}>
                <Plus /> <Trans>Thêm đơn vị trực thuộc</Trans>
              </button>
            </>
          )}
        </div>
      )}
      <Sites
        sites={its}
        bodies={bodies}
        looked={looked}
        onAdd={arranges && !ended ? () => setOpen({ kind: "site" }) : null}
        onChange={arranges ? (site) => setOpen({ kind: "change-site", site }) : null}
      />
      {open?.kind === "change" && <BodyForm body={body} parent={null} bodies={bodies} onClose={close} />}
      {open?.kind === "add" && (
        <BodyForm body={null} parent={body.id} bodies={bodies} onDone={onChoose} onClose={close} />
      )}
      {open?.kind === "move" && <MoveBody body={body} bodies={bodies} onClose={close} />}
      {open?.kind === "end" && (
        <EndBody body={body} bodies={bodies} isEmpty={units.length + its.length === 0} onClose={close} />
      )}
      {open?.kind === "site" && <SiteForm site={null} organisation={body.id} bodies={bodies} onClose={close} />}
      {open?.kind === "change-site" && (
        <SiteForm site={open.site} organisation={body.id} bodies={bodies} onClose={close} />
      )}
    </SidePanel>
  );
}

/** How many cameras are its own or its units', and the way to them. */
function CameraCount({ body }: { body: string }) {
  const asked = { organisation: body };
  const { data } = useQuery({ ...camerasQuery(asked, 0, 1), placeholderData: undefined, refetchInterval: false });
  if (!data) return "–";
  if (data.total === 0) return <Trans>chưa có</Trans>;
  return (
    <Link to="/cameras" search={asked} data-act="its-cameras">
      <Plural
        value={data.total}
        one="# camera, kể cả của đơn vị trực thuộc"
        other="# camera, kể cả của đơn vị trực thuộc"
      />
    </Link>
  );
}

/** Takes back that it has ended. */
function Revive({ body }: { body: Organisation }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const reviving = useMutation({
    mutationFn: () => changeOrganisation(body.id, { valid_until: null }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: organisationsQuery.queryKey });
      toast(t`${body.name} hoạt động trở lại.`);
    },
  });
  return (
    <>
      <button
        type="button"
        className="btn s"
        data-act="revive-body"
        disabled={reviving.isPending}
        onClick={() => reviving.mutate()}
      >
        <RotateCcw /> <Trans>Hoạt động trở lại</Trans>
      </button>
      {reviving.error && <Problem error={reviving.error} />}
    </>
  );
}

interface SitesProps {
  sites: readonly SiteDetail[];
  bodies: readonly Organisation[];
  looked: string;
  onAdd: (() => void) | null;
  onChange: ((site: SiteDetail) => void) | null;
}

function Sites({ sites, bodies, looked, onAdd, onChange }: SitesProps) {
  const { t } = useLingui();
  const [filter, setFilter] = useState(looked);
  const [most, setMost] = useState(MOST);
  const ward = (code: string) => bodies.find((one) => one.kind === "ward_committee" && one.code === code)?.name ?? code;
  const found = sites.filter((site) => finds(filter, fold(`${site.name} ${site.address ?? ""}`)));
  return (
    <section className="bodysites" aria-label={t`Địa điểm`}>
      <div className="row">
        <h3 className="grow">
          <Trans>Địa điểm ({sites.length})</Trans>
        </h3>
        {onAdd && (
          <button type="button" className="btn s" data-act="add-site" onClick={onAdd}>
            <Plus /> <Trans>Thêm địa điểm</Trans>
          </button>
        )}
      </div>
      {(sites.length >= MANY || filter !== "") && (
        <SearchField
          value={filter}
          onSearch={setFilter}
          placeholder={t`Tên, địa chỉ…`}
          aria-label={t`Tìm địa điểm của đơn vị này`}
        />
      )}
      {sites.length === 0 && (
        <p className="small t3">
          <Trans>Đơn vị này chưa có địa điểm nào của mình.</Trans>
        </p>
      )}
      {sites.length > 0 && found.length === 0 && (
        <p className="small t3">
          <Trans>Không có địa điểm nào khớp.</Trans>
        </p>
      )}
      <ul>
        {found.slice(0, most).map((site) => (
          <li key={site.id} data-site={site.id}>
            <MapPin aria-hidden className="s" />
            <div className="grow">
              <div className="strong">{site.name}</div>
              <div className="small t2">{t(CATEGORIES[site.category])}</div>
              {(site.address || site.ward) && (
                <div className="small t3">
                  {[site.address, site.ward && ward(site.ward)].filter(Boolean).join(", ")}
                </div>
              )}
              {site.latitude != null && site.longitude != null && (
                <div className="small t3">
                  {site.latitude}, {site.longitude}
                </div>
              )}
            </div>
            {onChange && (
              <RowAct what="change-site" label={t`Sửa ${site.name}`} onClick={() => onChange(site)}>
                <Pencil />
              </RowAct>
            )}
          </li>
        ))}
      </ul>
      {found.length > most && (
        <button type="button" className="btn s" onClick={() => setMost(most + MOST)}>
          <Trans>Xem thêm {found.length - most} địa điểm</Trans>
        </button>
      )}
    </section>
  );
}
