/** A camera in the list: what it is called, where it hangs, what it does now, and what is still to be said of it. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Pencil, Trash2 } from "lucide-react";
import type { CameraRow, ListedCamera, SiteDetail } from "../../api/types";
import { Glyph } from "../../desk/Glyph";
import { faultWords } from "../../desk/words";
import { serverNowUs } from "../../lib/serverclock";
import { clockOfDay, dayOf } from "../../lib/time";
import { LIFE } from "./ParticularsFields";

interface Props {
  camera: ListedCamera;
  site: SiteDetail | undefined;
  /** Whose it is. */
  body: string | undefined;
  /** One column for all that is told of a camera. */
  phone: boolean;
  selected: boolean;
  /** Null for whoever only looks. */
  acts: { onChange: () => void; onRemove: () => void } | null;
}

export function CameraLine({ camera, site, body, phone, selected, acts }: Props) {
  const { t } = useLingui();
  const main = camera.streams.find((s) => s.role === "main");
  const life = LIFE.find(([cycle]) => cycle === camera.particulars.life_cycle)?.[1];
  const state = (
    <div className="row statecell">
      <Glyph camera={camera} watching={false} />
      <StateWords camera={camera} />
    </div>
  );
  const where = (
    <>
      <div className={phone ? "t3" : "t2"}>{site?.name}</div>
      {!phone && body && <div className="t3">{body}</div>}
    </>
  );
  return (
    <tr className={selected ? "sel" : undefined} data-camera-row={camera.id} data-state={camera.state.kind}>
      <td className="num strong">{camera.number}</td>
      <td>
        <div className="strong">{camera.name}</div>
        {!phone && camera.make && <div className="t3">{camera.make}</div>}
        {camera.class === "defence" && <div className="t2">{t`Quốc phòng`}</div>}
        {life && camera.particulars.life_cycle !== "in_service" && <div className="t2">{t(life)}</div>}
        {camera.inherited_until && <Owed until={camera.inherited_until} overdue={camera.overdue} />}
        {phone && (
          <>
            {where}
            {state}
          </>
        )}
      </td>
      {!phone && (
        <>
          <td>{where}</td>
          <td className="t2 nowrap">{main?.width ? `${main.width} × ${main.height}` : "–"}</td>
          <td>{state}</td>
        </>
      )}
      {acts && (
        <td>
          <div className="row acts">
            <button
              type="button"
              className="btn ghost s ico"
              aria-label={t`Sửa camera ${camera.number}`}
              title={t`Sửa`}
              onClick={acts.onChange}
            >
              <Pencil />
            </button>
            <button
              type="button"
              className="btn ghost s ico"
              aria-label={t`Xóa camera ${camera.number}`}
              title={t`Xóa`}
              onClick={acts.onRemove}
            >
              <Trash2 />
            </button>
          </div>
        </td>
      )}
    </tr>
  );
}

/** That nobody has said yet what a camera from before is for, and by when they must. */
function Owed({ until, overdue }: { until: string; overdue: boolean }) {
  return (
    <div className="warnword" data-inherited={until} data-overdue={overdue}>
      {overdue ? (
        <Trans>Quá hạn bổ sung mục đích, căn cứ pháp lý từ {dayOf(until)}</Trans>
      ) : (
        <Trans>Chưa rõ căn cứ, bổ sung trước {dayOf(until)}</Trans>
      )}
    </div>
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
