/** The bodies of the city as a tree, what each is and was, and the sites that are theirs. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { MapPin, Plus, Table2 } from "lucide-react";
import { useMemo, useState } from "react";
import { Button, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import { organisationsQuery, sessionQuery, sitesQuery } from "../../api/queries";
import { type TableNoun, tableUrl } from "../../api/tables";
import { bodyRows, countOf, hasEnded } from "../../desk/bodies";
import { TableImport } from "../../desk/TableImport";
import { neededNames } from "../../desk/tables";
import { finds, fold } from "../../lib/fold";
import { Empty } from "../../ui/Fallback";
import { SearchField } from "../../ui/SearchField";
import { Warning } from "../../ui/Warning";
import { BodyForm } from "./BodyForm";
import { BodyPanel } from "./BodyPanel";
import { BodyTree } from "./BodyTree";
import { BODY_TABLE, SITE_TABLE } from "./tables";
import "./organisations.css";

/** How many sites are shown that have the words that are looked for. */
const MOST_SITES = 30;

export function OrganisationsPage() {
  const { t } = useLingui();
  const navigate = useNavigate();
  const { at } = useSearch({ from: "/organisations" });
  const { data: session } = useQuery(sessionQuery);
  const { data: bodies, error } = useQuery(organisationsQuery);
  const { data: sites } = useQuery(sitesQuery);
  const [filter, setFilter] = useState("");
  const [ended, setEnded] = useState(false);
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const [adding, setAdding] = useState(false);
  const [taking, setTaking] = useState<TableNoun | null>(null);
  /** A site that was found, to be shown among its organisation's. */
  const [site, setSite] = useState<{ id: string; name: string } | null>(null);
  const rows = useMemo(() => bodyRows(bodies ?? [], { turned, filter, ended }), [bodies, turned, filter, ended]);
  const isLooking = filter.trim() !== "";
  const found = isLooking ? (sites ?? []).filter((one) => finds(filter, fold(`${one.name} ${one.address ?? ""}`))) : [];
  const past = isLooking && !ended ? countOf((bodies ?? []).filter(hasEnded), filter) : 0;
  const arranges = session?.user.role === "administrator";
  const chosen = bodies?.find((body) => body.id === at);
  const choose = (id: string | null) => {
    setSite(null);
    void navigate({ to: "/organisations", search: id === null ? {} : { at: id }, replace: true });
  };
  const add = arranges && (
    <button type="button" className="btn primary" data-act="add-body" onClick={() => setAdding(true)}>
      <Plus /> <Trans>Thêm đơn vị</Trans>
    </button>
  );
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Đơn vị, địa điểm`}>
        {bodies?.length === 0 ? (
          <Empty title={<Trans>Chưa có đơn vị nào</Trans>}>
            <p className="t2">
              {arranges ? (
                <Trans>Thêm đơn vị cao nhất trước, rồi thêm đơn vị trực thuộc và địa điểm của từng đơn vị.</Trans>
              ) : (
                <Trans>Ở đây hiện đơn vị có camera mà bạn được xem.</Trans>
              )}
            </p>
            <div className="row">
              {add}
              {arranges && <TablesMenu arranges onTake={setTaking} />}
            </div>
          </Empty>
        ) : (
          <>
            <div className="ph tools">
              <SearchField
                inTools
                name="find"
                value={filter}
                onSearch={setFilter}
                placeholder={t`Tên, tên cũ, mã, địa điểm…`}
                aria-label={t`Tìm đơn vị, địa điểm`}
              />
              <label className="checkrow">
                <input type="checkbox" name="ended" checked={ended} onChange={() => setEnded(!ended)} />
                <Trans>Cả đơn vị đã kết thúc</Trans>
              </label>
              <span className="grow" />
              <TablesMenu arranges={arranges} onTake={setTaking} />
              {add}
            </div>
            {error && (
              <Warning>
                <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
              </Warning>
            )}
            <div className="tablebox">
              {rows.length > 0 && (
                <BodyTree
                  rows={rows}
                  chosen={at ?? null}
                  onTurn={(id) => {
                    const next = new Set(turned);
                    if (!next.delete(id)) next.add(id);
                    setTurned(next);
                  }}
                  onChoose={choose}
                />
              )}
              {past > 0 && (
                <p className="nonefound row wrap t2">
                  <Plural value={past} one="# đơn vị đã kết thúc cũng khớp." other="# đơn vị đã kết thúc cũng khớp." />
                  <button type="button" className="btn s" data-act="show-ended" onClick={() => setEnded(true)}>
                    <Trans>Hiện ra</Trans>
                  </button>
                </p>
              )}
              {found.length > 0 && (
                <section className="foundsites" aria-label={t`Địa điểm khớp`}>
                  <h2 className="micro t3">
                    <Trans>Địa điểm</Trans>
                  </h2>
                  {found.slice(0, MOST_SITES).map((one) => (
                    <button
                      key={one.id}
                      type="button"
                      className="foundsite"
                      data-found-site={one.id}
                      onClick={() => {
                        choose(one.organisation);
                        setSite({ id: one.id, name: one.name });
                      }}
                    >
                      <MapPin aria-hidden className="s" />
                      <span>{one.name}</span>
                      <span className="t3 clip">{bodies?.find((body) => body.id === one.organisation)?.name}</span>
                    </button>
                  ))}
                  {found.length > MOST_SITES && (
                    <p className="small t3">
                      <Trans>Còn {found.length - MOST_SITES} địa điểm nữa. Gõ thêm để tìm.</Trans>
                    </p>
                  )}
                </section>
              )}
              {bodies && isLooking && rows.length + found.length + past === 0 && (
                <p className="t3 nonefound">
                  <Trans>Không có đơn vị hay địa điểm nào khớp. Gõ ít chữ hơn.</Trans>
                </p>
              )}
            </div>
          </>
        )}
      </section>
      {bodies && chosen && (
        <BodyPanel
          key={`${chosen.id} ${site?.id ?? ""}`}
          body={chosen}
          bodies={bodies}
          sites={sites ?? []}
          looked={site?.name ?? ""}
          arranges={arranges}
          onChoose={choose}
        />
      )}
      {adding && bodies && (
        <BodyForm body={null} parent={null} bodies={bodies} onDone={choose} onClose={() => setAdding(false)} />
      )}
      {taking === "organisations" && (
        <TableImport
          noun="organisations"
          form={BODY_TABLE}
          title={<Trans>Nhập đơn vị từ bảng</Trans>}
          lists={LISTS}
          onClose={() => setTaking(null)}
        >
          <p>
            <Trans>
              Mỗi dòng là một đơn vị, cần ghi {neededNames(BODY_TABLE)}. Dòng mang mã của đơn vị đang có thì sửa đơn vị
              ấy; không có mã thì nhận ra bằng tên và đơn vị cấp trên. Đơn vị cấp trên có thể ở dòng khác trong cùng
              bảng. Chuyển đơn vị là đổi ai thấy camera nào, nên Khuê hỏi lại mật khẩu.
            </Trans>
          </p>
        </TableImport>
      )}
      {taking === "sites" && (
        <TableImport
          noun="sites"
          form={SITE_TABLE}
          title={<Trans>Nhập địa điểm từ bảng</Trans>}
          lists={LISTS}
          onClose={() => setTaking(null)}
        >
          <p>
            <Trans>
              Mỗi dòng là một địa điểm, cần ghi {neededNames(SITE_TABLE)}. Dòng trùng cả tên và đơn vị với địa điểm đang
              có thì sửa địa điểm ấy; dòng khác là địa điểm mới.
            </Trans>
          </p>
        </TableImport>
      )}
    </div>
  );
}

/** What a table of places changes. */
const LISTS = ["organisations", "sites", "tree", "cameras"];

/** Organisations and sites as tables: taken by whoever arranges them, given to whoever sees them. */
function TablesMenu({ arranges, onTake }: { arranges: boolean; onTake: (noun: TableNoun) => void }) {
  const { t } = useLingui();
  const given = (noun: TableNoun, kind: "xlsx" | "csv", name: string) => (
    <MenuItem href={tableUrl(noun, kind)} download={`${noun}.${kind}`} textValue={name}>
      {name}
    </MenuItem>
  );
  return (
    <MenuTrigger>
      <Button className="btn" data-act="tables">
        <Table2 /> <Trans>Bảng</Trans>
      </Button>
      <Popover className="pop exportpop" placement="bottom end">
        <Menu aria-label={t`Bảng`}>
          {arranges && (
            <MenuSection>
              <Header>{t`Nhập`}</Header>
              <MenuItem
                data-act="import-bodies"
                onAction={() => onTake("organisations")}
              >{t`Đơn vị từ bảng…`}</MenuItem>
              <MenuItem data-act="import-sites" onAction={() => onTake("sites")}>{t`Địa điểm từ bảng…`}</MenuItem>
            </MenuSection>
          )}
          <MenuSection>
            <Header>{t`Xuất (được ghi nhật ký)`}</Header>
            {given("organisations", "xlsx", t`Đơn vị, Excel (.xlsx)`)}
            {given("organisations", "csv", t`Đơn vị, CSV (.csv)`)}
            {given("sites", "xlsx", t`Địa điểm, Excel (.xlsx)`)}
            {given("sites", "csv", t`Địa điểm, CSV (.csv)`)}
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
