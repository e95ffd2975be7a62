/**
 * One live tile. Chooses the stream by its own size, stops when it is off the
 * screen, and says in words what it shows and what it does not.
 */
import { Trans, useLingui } from "@lingui/react/macro";
import { useNavigate } from "@tanstack/react-router";
import { Activity, CirclePlus, History, Loader, Lock, RotateCw, TriangleAlert, Unplug, VideoOff } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import type { CameraRow } from "../../api/types";
import { Tile, type TileProps, TileWords } from "../../desk/Tile";
import { TileControls } from "../../desk/TileControls";
import { codecName, faultWords, refusalWords } from "../../desk/words";
import { decimal } from "../../lib/figures";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { clock, clockOfDay, SECOND_US } from "../../lib/time";
import { LivePicture } from "../../player/LivePicture";
import type { LiveSnapshot } from "../../player/live";
import { chooseRole, type RoleWhy } from "../../player/role";
import { narrow } from "../../ui/appearance";
import { useTileSize } from "../../ui/tilesize";
import { Diagnostics } from "./Diagnostics";

interface Props {
  index: number;
  camera: CameraRow | null;
  /** A camera is remembered here that is no longer there. */
  missing: boolean;
  selected: boolean;
  expanded: boolean;
  /** Its figures are shown. */
  measured: boolean;
  onMeasure: () => void;
}

export function LiveTile({ index, camera, missing, selected, expanded, measured, onMeasure }: Props) {
  const { width, visible, attach, root } = useTileSize();
  const [snapshot, setSnapshot] = useState<LiveSnapshot | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [mainPlays, setMainPlays] = useState(true);
  const role = useRef<ReturnType<typeof chooseRole> | null>(null);
  const onShown = useCallback(
    (wallUs: number) => {
      if (root.current) root.current.dataset.wallUs = String(wallUs);
    },
    [root],
  );
  const onSnapshot = useCallback((next: LiveSnapshot) => {
    setSnapshot(next);
    // What this browser cannot decode is tried once more as the small stream.
    if (next.kind === "unsupported" && next.figures.role === "main") setMainPlays(false);
  }, []);

  const place = { index, camera, selected };
  if (!camera) return missing ? <Gone {...place} expanded={expanded} /> : <Empty {...place} />;
  const has = {
    main: camera.streams.some((s) => s.role === "main"),
    sub: camera.streams.some((s) => s.role === "sub"),
  };
  const wanted = chooseRole({ width, pixelRatio: devicePixelRatio }, has, role.current?.role ?? null, mainPlays);
  if (width > 0) role.current = wanted;

  if (!camera.may.live) return <Refused {...place} expanded={expanded} />;
  if (camera.state.kind === "disabled") return <Disabled {...place} expanded={expanded} />;
  const kind = visible ? (snapshot?.kind ?? "connecting") : "off_screen";
  const hasPicture = kind === "live" || kind === "late";
  return (
    <Tile
      root={attach}
      {...place}
      state={kind}
      tone={kind === "late" ? "late" : undefined}
      data={{ role: snapshot?.figures.role ?? wanted.role, channel: snapshot?.figures.channel }}
      status={snapshot && <Status snapshot={snapshot} camera={camera} />}
      foot={kind === "late" && snapshot ? <LateFoot snapshot={snapshot} /> : undefined}
      controls={
        <TileControls index={index} expanded={expanded}>
          {camera.may.playback && <LookBack />}
          <MeasureButton measured={measured} onMeasure={onMeasure} />
        </TileControls>
      }
    >
      {visible && width > 0 && (
        <div className={hasPicture ? "pictures" : snapshot?.delayUs != null ? "pictures dim" : "pictures gone"}>
          <LivePicture
            camera={camera.id}
            role={wanted.role}
            attempt={attempt}
            onSnapshot={onSnapshot}
            onShown={onShown}
          />
        </div>
      )}
      {!hasPicture && visible && snapshot && <Words snapshot={snapshot} onAgain={() => setAttempt(attempt + 1)} />}
      {measured && snapshot && (
        <Diagnostics
          camera={camera.id}
          hasPicture={hasPicture}
          figures={snapshot.figures}
          delayUs={snapshot.delayUs}
          why={wanted.why as RoleWhy}
        />
      )}
    </Tile>
  );
}

function Status({ snapshot, camera }: { snapshot: LiveSnapshot; camera: CameraRow }) {
  const { t, i18n } = useLingui();
  const { kind, delayUs } = snapshot;
  if (kind === "live" || kind === "late") {
    const seconds = decimal((delayUs ?? 0) / SECOND_US, 1, i18n.locale);
    const recorded = camera.state.kind === "recording";
    return (
      <>
        <span>{kind === "late" ? t`chậm ${seconds} giây` : t`${seconds} giây`}</span>
        <span
          className={recorded ? "dot" : "dot hollow"}
          role="img"
          aria-label={recorded ? t`đang ghi` : t`không ghi`}
        />
      </>
    );
  }
  const words = {
    connecting: t`đang kết nối`,
    no_data: t`mất hình`,
    refused: t`không có quyền`,
    unsupported: t`không phát được`,
  };
  return <span>{words[kind]}</span>;
}

function LateFoot({ snapshot }: { snapshot: LiveSnapshot }) {
  return (
    <div className="foot">
      <TriangleAlert className="s" />
      <span className="clip">
        {snapshot.reason === "line" ? (
          <Trans>Mất kết nối tới máy chủ, đang nối lại</Trans>
        ) : (
          <Trans>Hình đến chậm hơn 2 giây</Trans>
        )}
      </span>
    </div>
  );
}

function Words({ snapshot, onAgain }: { snapshot: LiveSnapshot; onAgain: () => void }) {
  const { t } = useLingui();
  const over = snapshot.delayUs !== null;
  const since = (show?: (us: number) => string) =>
    snapshot.sinceUs === null ? "" : clockOfDay(snapshot.sinceUs, serverNowUs(), show);
  switch (snapshot.kind) {
    case "no_data":
      return (
        <TileWords icon={<Unplug />} title={<Trans>Không có hình từ {since()}</Trans>} over={over}>
          <span>{t(faultWords(snapshot.reason))}</span>
          <span className="second">
            <Trans>Máy chủ tự thử lại.</Trans>
          </span>
        </TileWords>
      );
    case "refused":
      return (
        <TileWords icon={<Lock />} title={<Trans>Bạn chưa được xem camera này</Trans>}>
          <span>{t(refusalWords(snapshot.reason))}</span>
          <AgainButton onAgain={onAgain} />
        </TileWords>
      );
    case "unsupported":
      return (
        <TileWords icon={<VideoOff />} title={<Trans>Trình duyệt này không phát được hình của camera</Trans>}>
          <span>
            <Trans>
              Camera gửi {codecName(snapshot.figures.codec ?? "")}. Đặt camera gửi H.264, hoặc dùng trình duyệt khác.
            </Trans>
          </span>
          <AgainButton onAgain={onAgain} />
        </TileWords>
      );
    default:
      return (
        <TileWords icon={<Loader />} title={<Trans>Đang lấy hình…</Trans>} over={over}>
          <span>{snapshot.reason ? t(faultWords(snapshot.reason)) : <Trans>Chờ từ {since(clock)}</Trans>}</span>
        </TileWords>
      );
  }
}

function AgainButton({ onAgain }: { onAgain: () => void }) {
  return (
    <button type="button" className="vbtn" onClick={onAgain}>
      <RotateCw /> <Trans>Thử lại</Trans>
    </button>
  );
}

function LookBack() {
  const { t } = useLingui();
  const navigate = useNavigate();
  return (
    <button
      type="button"
      className="vbtn ico"
      title={t`Xem lại 15 giây trước`}
      aria-label={t`Xem lại 15 giây trước`}
      onClick={() => void navigate({ to: "/playback", search: { at: serverNowUs() - 15 * SECOND_US } })}
    >
      <History />
    </button>
  );
}

function MeasureButton({ measured, onMeasure }: Pick<Props, "measured" | "onMeasure">) {
  const { t } = useLingui();
  return (
    <button
      type="button"
      className="vbtn ico"
      data-act="measure"
      aria-pressed={measured}
      title={t`Số đo của ô này`}
      aria-label={t`Số đo của ô này`}
      onClick={onMeasure}
    >
      <Activity />
    </button>
  );
}

type Place = Pick<TileProps, "index" | "camera" | "selected">;

function Empty(place: Place) {
  const phone = useStore(narrow);
  return (
    <Tile {...place} state="empty">
      <TileWords icon={<CirclePlus />} title={<Trans>Ô trống</Trans>}>
        <span>
          {phone ? (
            <Trans>Bấm Chọn camera ở đầu màn hình.</Trans>
          ) : (
            <Trans>Kéo một camera vào đây, hoặc gõ số camera rồi Enter.</Trans>
          )}
        </span>
      </TileWords>
    </Tile>
  );
}

function Gone({ expanded, ...place }: Place & { expanded: boolean }) {
  return (
    <Tile {...place} state="gone" controls={<TileControls index={place.index} expanded={expanded} />}>
      <TileWords icon={<VideoOff />} title={<Trans>Camera ở ô này không còn</Trans>}>
        <span>
          <Trans>Camera đã bị xóa khỏi hệ thống, hoặc bạn không còn quyền thấy nó.</Trans>
        </span>
      </TileWords>
    </Tile>
  );
}

function Refused({ expanded, ...place }: Place & { expanded: boolean }) {
  const { t } = useLingui();
  return (
    <Tile
      {...place}
      state="refused"
      status={t`không có quyền`}
      controls={<TileControls index={place.index} expanded={expanded} />}
    >
      <TileWords icon={<Lock />} title={<Trans>Bạn chưa được xem camera này</Trans>}>
        <span>{t(refusalWords("forbidden"))}</span>
      </TileWords>
    </Tile>
  );
}

function Disabled({ expanded, ...place }: Place & { expanded: boolean }) {
  const { t } = useLingui();
  return (
    <Tile
      {...place}
      state="disabled"
      status={t`đang tắt`}
      controls={<TileControls index={place.index} expanded={expanded} />}
    >
      <TileWords icon={<VideoOff />} title={<Trans>Camera đang được đặt tắt</Trans>}>
        <span>
          <Trans>Người quản trị chưa cho camera này chạy.</Trans>
        </span>
      </TileWords>
    </Tile>
  );
}
