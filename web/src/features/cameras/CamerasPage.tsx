/**
 * The cameras that somebody may see: what each does now, searched, filtered and
 * paged by the server; for administrators adding, changing, removing, and tables
 * in and out.
 */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, FileUp, Plus, ShieldCheck } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { camerasQuery, organisationsQuery, sessionQuery, sitesQuery, statusQuery } from "../../api/queries";
import type { CamerasAsked, ListedCamera } from "../../api/types";
import { Counts } from "../../desk/Counts";
import { TableImport } from "../../desk/TableImport";
import { neededNames } from "../../desk/tables";
import { decimal } from "../../lib/figures";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { Empty } from "../../ui/Fallback";
import { Warning } from "../../ui/Warning";
import { filtersOf } from "./asked";
import { CameraFilters, CameraSearch, FilterToggle } from "./CameraFilters";
import { CameraForm } from "./CameraForm";
import { CameraLine } from "./CameraLine";
import { DiskLine } from "./DiskLine";
import { ExportMenu } from "./ExportMenu";
import { RemoveCamera } from "./RemoveCamera";
import { CAMERA_TABLE } from "./table";
import "./cameras.css";

type Open =
  | { kind: "add" | "import" }
  | { kind: "change"; id: string }
  | { kind: "remove"; camera: ListedCamera }
  | null;

/** How many cameras a page shows. */
const MOST = 100;

export function CamerasPage() {
  const { t, i18n } = useLingui();
  const phone = useStore(narrow);
  const navigate = useNavigate();
  const asked = useSearch({ from: "/cameras" });
  const { data: session } = useQuery(sessionQuery);
  const [open, setOpen] = useState<Open>(null);
  const [filtering, setFiltering] = useState(filtersOf(asked) > 0);
  // Where the pages up to this one begin; another question begins with its first.
  const question = JSON.stringify(asked);
  const [turned, setTurned] = useState({ question, starts: [0] });
  const starts = turned.question === question ? turned.starts : [0];
  const { data: page, error } = useQuery(camerasQuery(asked, starts.at(-1) ?? 0, MOST));
  const { data: status } = useQuery(statusQuery);
  const { data: sites } = useQuery(sitesQuery);
  const { data: bodies } = useQuery(organisationsQuery);
  const siteOf = useMemo(() => new Map((sites ?? []).map((one) => [one.id, one])), [sites]);
  const nameOf = useMemo(() => new Map((bodies ?? []).map((one) => [one.id, one.name])), [bodies]);
  const onAsked = useCallback(
    (next: CamerasAsked) => void navigate({ to: "/cameras", search: next, replace: true }),
    [navigate],
  );
  const arranges = session?.user.role === "administrator";
  const isAll = Object.keys(asked).length === 0;
  const close = () => setOpen(null);
  const add = arranges && (
    <button type="button" className="btn primary" data-act="add" onClick={() => setOpen({ kind: "add" })}>
      <Plus /> <Trans>Thêm camera</Trans>
    </button>
  );
  const take = arranges && (
    <button type="button" className="btn" data-act="import" onClick={() => setOpen({ kind: "import" })}>
      <FileUp /> <Trans>Nhập bảng</Trans>
    </button>
  );

  return (
    <div className="body">
      <section className="centre page" aria-label={t`Camera`}>
        {isAll && page?.total === 0 ? (
          <Empty title={<Trans>Chưa có camera nào</Trans>}>
            {arranges && (
              <>
                <p className="t2">
                  <Trans>
                    Nhập địa chỉ và mật khẩu của camera, thử một lần rồi lưu. Khuê bắt đầu ghi ngay. Nhiều camera thì
                    nhập cả bảng.
                  </Trans>
                </p>
                <div className="row">
                  {add}
                  {take}
                </div>
                <NoVideoNote />
              </>
            )}
          </Empty>
        ) : (
          <>
            <div className="ph tools cameratools">
              <CameraSearch asked={asked} onAsked={onAsked} />
              {status && <Counts counts={status.cameras} />}
              <span className="grow" />
              {phone && <FilterToggle asked={asked} open={filtering} onOpen={() => setFiltering(!filtering)} />}
              <ExportMenu asked={asked} />
              {take}
              {add}
            </div>
            {(!phone || filtering) && <CameraFilters asked={asked} onAsked={onAsked} />}
            <DiskLine />
            {error && (
              <Warning>
                <Trans>Chưa tải được danh sách camera. Đang thử lại.</Trans>
              </Warning>
            )}
            <div className="tablebox">
              <table className="tbl cameralist">
                <thead>
                  <tr>
                    <th className="num">{t`Số`}</th>
                    <th>{t`Tên`}</th>
                    {!phone && (
                      <>
                        <th>{t`Địa điểm`}</th>
                        <th>{t`Cỡ hình`}</th>
                        <th>{t`Tình trạng`}</th>
                      </>
                    )}
                    {arranges && (
                      <th>
                        <span className="sr">{t`Việc`}</span>
                      </th>
                    )}
                  </tr>
                </thead>
                <tbody>
                  {(page?.cameras ?? []).map((camera) => {
                    const site = siteOf.get(camera.site);
                    return (
                      <CameraLine
                        key={camera.id}
                        camera={camera}
                        site={site}
                        body={nameOf.get(camera.particulars.owner ?? site?.organisation ?? "")}
                        phone={phone}
                        selected={open?.kind === "change" && open.id === camera.id}
                        acts={
                          arranges
                            ? {
                                onChange: () => setOpen({ kind: "change", id: camera.id }),
                                onRemove: () => setOpen({ kind: "remove", camera }),
                              }
                            : null
                        }
                      />
                    );
                  })}
                </tbody>
              </table>
              {page?.total === 0 && (
                <p className="t3 nonefound">
                  <Trans>Không có camera nào khớp. Gõ ít chữ hơn, hoặc bỏ bớt điều kiện lọc.</Trans>
                </p>
              )}
            </div>
            {page && page.total > 0 && (
              <nav className="pages" aria-label={t`Trang`}>
                <span className="small t2" role="status" data-total={page.total}>
                  {isAll ? (
                    <Plural value={page.total} one="# camera" other="# camera" />
                  ) : (
                    <Plural value={page.total} one="Khớp # camera" other="Khớp # camera" />
                  )}
                </span>
                {(starts.length > 1 || page.next != null) && (
                  <>
                    <span className="grow" />
                    <button
                      type="button"
                      className="btn s"
                      data-act="back"
                      disabled={starts.length === 1}
                      onClick={() => setTurned({ question, starts: starts.slice(0, -1) })}
                    >
                      <ChevronLeft /> <Trans>Trước</Trans>
                    </button>
                    <span className="small t2">
                      <Trans>
                        Trang {decimal(starts.length, 0, i18n.locale)} trong{" "}
                        {decimal(Math.ceil(page.total / MOST), 0, i18n.locale)}
                      </Trans>
                    </span>
                    <button
                      type="button"
                      className="btn s"
                      data-act="next"
                      disabled={page.next == null}
                      onClick={() => setTurned({ question, starts: [...starts, page.next ?? 0] })}
                    >
                      <Trans>Sau</Trans> <ChevronRight />
                    </button>
                  </>
                )}
              </nav>
            )}
          </>
        )}
      </section>
      {(open?.kind === "add" || open?.kind === "change") && (
        <CameraForm
          key={open.kind === "change" ? open.id : "new"}
          id={open.kind === "change" ? open.id : null}
          onClose={close}
        />
      )}
      {open?.kind === "import" && (
        <TableImport
          noun="cameras"
          form={CAMERA_TABLE}
          title={<Trans>Nhập camera từ bảng</Trans>}
          lists={["cameras", "tree", "status"]}
          onClose={close}
        >
          <p>
            <Trans>
              Mỗi dòng là một camera. Dòng mang số của camera đang có thì sửa camera ấy; dòng khác là camera mới, cần{" "}
              {neededNames(CAMERA_TABLE)}, và địa điểm phải có sẵn trong Khuê. Camera chỉ được ghi hình khi cột{" "}
              {CAMERA_TABLE.columns.recording} ghi là Có.
            </Trans>
          </p>
        </TableImport>
      )}
      {open?.kind === "remove" && <RemoveCamera camera={open.camera} onClose={close} />}
    </div>
  );
}

function NoVideoNote() {
  return (
    <div className="note">
      <ShieldCheck aria-hidden />
      <span>
        <Trans>Bạn là quản trị: bạn thêm và sửa camera nhưng không xem hình. Người trực ban xem hình.</Trans>
      </span>
    </div>
  );
}
