/** The administrator's cameras: what each does now; adding, changing, removing. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { HardDrive, Pencil, Plus, Search, ShieldCheck, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { deleteCamera } from "../../api/client";
import { ApiError } from "../../api/error";
import { statusQuery, treeQuery } from "../../api/queries";
import type { CameraRow, Site } from "../../api/types";
import { Counts } from "../../desk/Counts";
import { Glyph } from "../../desk/Glyph";
import { SureDialog } from "../../desk/SureDialog";
import { fold } from "../../desk/tree";
import { faultWords } from "../../desk/words";
import { bytes } from "../../lib/figures";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { clockOfDay } from "../../lib/time";
import { narrow } from "../../ui/appearance";
import { Empty } from "../../ui/Fallback";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";
import { CameraForm } from "./CameraForm";
import "./cameras.css";

type Open = { kind: "add" } | { kind: "change"; id: string } | null;

export function CamerasPage() {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { data: tree, error } = useQuery(treeQuery);
  const [open, setOpen] = useState<Open>(null);
  const [removing, setRemoving] = useState<CameraRow | null>(null);
  const [filter, setFilter] = useState("");
  const sites = useMemo(() => new Map((tree?.sites ?? []).map((s) => [s.id, s])), [tree]);
  const rows = (tree?.cameras ?? [])
    .filter((c) =>
      fold(`${c.number} ${c.name} ${sites.get(c.site)?.name ?? ""} ${c.make ?? ""}`).includes(fold(filter.trim())),
    )
    .sort((a, b) => a.number - b.number);
  const add = (
    <button type="button" className="btn primary" data-act="add" onClick={() => setOpen({ kind: "add" })}>
      <Plus /> <Trans>Thêm camera</Trans>
    </button>
  );

  return (
    <div className="body">
      <section className="centre page" aria-label={t`Camera`}>
        {tree && tree.cameras.length === 0 ? (
          <Empty title={<Trans>Chưa có camera nào</Trans>}>
            <p className="t2">
              <Trans>
                Nhập địa chỉ luồng hình (RTSP) và mật khẩu của camera, thử một lần rồi lưu. Khuê bắt đầu ghi ngay.
              </Trans>
            </p>
            {add}
            <NoVideoNote />
          </Empty>
        ) : (
          <>
            <div className="ph tools">
              <div className="input find">
                <Search aria-hidden />
                <input
                  type="search"
                  value={filter}
                  onChange={(e) => setFilter(e.target.value)}
                  placeholder={t`Tên, số, địa điểm…`}
                  aria-label={t`Tìm camera`}
                />
              </div>
              <Counts cameras={tree?.cameras ?? []} />
              <span className="grow" />
              {add}
            </div>
            <Disk />
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
                    <th>
                      <span className="sr">{t`Việc`}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((camera) => (
                    <Row
                      key={camera.id}
                      camera={camera}
                      site={sites.get(camera.site)}
                      phone={phone}
                      selected={open?.kind === "change" && open.id === camera.id}
                      onChange={() => setOpen({ kind: "change", id: camera.id })}
                      onRemove={() => setRemoving(camera)}
                    />
                  ))}
                </tbody>
              </table>
              {tree && rows.length === 0 && (
                <p className="t3 nonefound">
                  <Trans>Không có camera nào khớp với "{filter}".</Trans>
                </p>
              )}
            </div>
          </>
        )}
      </section>
      {open && tree && (
        <CameraForm
          key={open.kind === "change" ? open.id : "new"}
          id={open.kind === "change" ? open.id : null}
          tree={tree}
          onClose={() => setOpen(null)}
        />
      )}
      {removing && <RemoveDialog camera={removing} onClose={() => setRemoving(null)} />}
    </div>
  );
}

interface RowProps {
  camera: CameraRow;
  site: Site | undefined;
  /** One column for all that is told of a camera. */
  phone: boolean;
  selected: boolean;
  onChange: () => void;
  onRemove: () => void;
}

function Row({ camera, site, phone, selected, onChange, onRemove }: RowProps) {
  const { t } = useLingui();
  const main = camera.streams.find((s) => s.role === "main");
  const state = (
    <div className="row statecell">
      <Glyph camera={camera} watching={false} />
      <StateWords camera={camera} />
    </div>
  );
  return (
    <tr className={selected ? "sel" : undefined} data-camera-row={camera.id} data-state={camera.state.kind}>
      <td className="num strong">{camera.number}</td>
      <td>
        <div className="strong">{camera.name}</div>
        {phone ? (
          <>
            <div className="t3">{site?.name}</div>
            {state}
          </>
        ) : (
          <div className="t3">{camera.make ?? ""}</div>
        )}
      </td>
      {!phone && (
        <>
          <td className="t2">{site?.name}</td>
          <td className="t2 nowrap">{main?.width ? `${main.width} × ${main.height}` : "–"}</td>
          <td>{state}</td>
        </>
      )}
      <td>
        <div className="row acts">
          <button
            type="button"
            className="btn ghost s ico"
            aria-label={t`Sửa camera ${camera.number}`}
            title={t`Sửa`}
            onClick={onChange}
          >
            <Pencil />
          </button>
          <button
            type="button"
            className="btn ghost s ico"
            aria-label={t`Xóa camera ${camera.number}`}
            title={t`Xóa`}
            onClick={onRemove}
          >
            <Trash2 />
          </button>
        </div>
      </td>
    </tr>
  );
}

function StateWords({ camera }: { camera: CameraRow }) {
  const { t } = useLingui();
  const { kind, since_us, reason } = camera.state;
  const since = since_us == null ? "" : clockOfDay(since_us, serverNowUs());
  switch (kind) {
    case "recording":
      return (
        <div>
          <div>{t`Đang ghi`}</div>
          {since && <div className="t3">{t`từ ${since}`}</div>}
        </div>
      );
    case "connecting":
      return (
        <div>
          <div>{t`Đang kết nối`}</div>
          <div className="t3">{reason ? t(faultWords(reason)) : since && t`từ ${since}`}</div>
        </div>
      );
    case "disabled":
      return <div>{t`Không ghi`}</div>;
    case "faulty":
      return (
        <div>
          <div className="warnword">{since ? t`Mất hình từ ${since}` : t`Mất hình`}</div>
          <div className="t2">{t(faultWords(reason ?? null))}</div>
        </div>
      );
  }
}

function Disk() {
  const { i18n } = useLingui();
  const { data } = useQuery(statusQuery);
  if (!data) return null;
  const { used_bytes, free_bytes, unreadable_files } = data.disk;
  const most = data.disk.ceiling_bytes ?? used_bytes + free_bytes;
  const used = bytes(used_bytes, i18n.locale);
  const ceiling = bytes(most, i18n.locale);
  return (
    <>
      <div className="disk small t2">
        <HardDrive aria-hidden className="s" />
        <span>
          <Trans>
            Hình đã ghi dùng {used} trong giới hạn {ceiling}.
          </Trans>
        </span>
        <meter min={0} max={most} value={used_bytes} aria-hidden />
      </div>
      {unreadable_files > 0 && (
        <Warning>
          <Plural
            value={unreadable_files}
            one="# tệp bản ghi không đọc được lúc máy chủ khởi động, nên có đoạn thiếu khi xem lại. Kiểm tra ổ đĩa và dây nối, rồi khởi động lại Khuê."
            other="# tệp bản ghi không đọc được lúc máy chủ khởi động, nên có đoạn thiếu khi xem lại. Kiểm tra ổ đĩa và dây nối, rồi khởi động lại Khuê."
          />
        </Warning>
      )}
    </>
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

function RemoveDialog({ camera, onClose }: { camera: CameraRow; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SureDialog
      title={
        <Trans>
          Xóa camera {camera.number}, {camera.name}?
        </Trans>
      }
      act={
        <>
          <Trash2 /> <Trans>Xóa camera</Trans>
        </>
      }
      what="remove"
      rather={<Trans>Giữ camera</Trans>}
      cure={(error) =>
        error instanceof ApiError &&
        error.code === "in_use" && <Trans>Camera có đoạn hình đang được giữ lại. Bỏ giữ trước khi xóa.</Trans>
      }
      onSure={() => deleteCamera(camera.id)}
      stale={treeQuery.queryKey}
      onDone={() => {
        toast(t`Đã xóa camera ${camera.number}.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>
          Khuê ngừng ghi camera này ngay. Tên, số, địa chỉ và mật khẩu của camera mất đi, và không ai xem lại được hình
          đã ghi của nó nữa.
        </Trans>
      </p>
      <p className="t2">
        <Trans>
          Số {camera.number} có thể đặt cho camera khác. Nếu chỉ muốn tạm dừng ghi, hãy sửa camera thay vì xóa.
        </Trans>
      </p>
    </SureDialog>
  );
}
