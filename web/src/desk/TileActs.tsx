/** What can be done with the picture of any tile, live or past: keep it, look into it, hear it. */
import { useLingui } from "@lingui/react/macro";
import { Camera, Volume2, VolumeX, ZoomIn } from "lucide-react";
import type { RefObject } from "react";
import type { CameraRow } from "../api/types";
import { useStore } from "../lib/store";
import { heard, toggleHeard } from "../player/heard";
import { useKeys } from "../ui/keys";
import { toast } from "../ui/toast";
import { download, takeSnapshot } from "./snapshot";
import { shownVideo, type Zooming } from "./Zoomable";

interface SnapshotProps {
  camera: CameraRow;
  /** The tile's root element, which says the wall time of what it shows. */
  root: RefObject<HTMLElement | null>;
  /** What kind of picture it is, in words. */
  kind: string;
  estimated: boolean;
  /** Whether keys go to this tile. */
  keys: boolean;
}

export function SnapshotButton({ camera, root, kind, estimated, keys }: SnapshotProps) {
  const { t, i18n } = useLingui();
  const take = async () => {
    const video = shownVideo(root.current);
    const file =
      video &&
      (await takeSnapshot(video, () => {
        const wallUs = Number(root.current?.dataset.wallUs);
        const point = i18n.locale === "en" ? "." : ",";
        return wallUs > 0 ? { number: camera.number, name: camera.name, wallUs, estimated, kind, point } : null;
      }));
    if (!file) {
      toast(t`Chưa có hình để lưu.`);
      return;
    }
    download(file);
    toast(t`Đã lưu ảnh ${file.name}`);
  };
  useKeys(keys ? { p: () => void take() } : {});
  return (
    <button
      type="button"
      className="vbtn ico"
      data-act="snapshot"
      title={t`Lưu ảnh (P)`}
      aria-label={t`Lưu ảnh`}
      onClick={() => void take()}
    >
      <Camera />
    </button>
  );
}

export function ZoomButton({ zooming }: { zooming: Zooming }) {
  const { t } = useLingui();
  return (
    <button
      type="button"
      // A finger pinches.
      className="vbtn ico desk"
      data-act="zoom"
      aria-pressed={zooming.mode}
      title={t`Phóng to trong hình (Z)`}
      aria-label={t`Phóng to trong hình`}
      onClick={zooming.toggle}
    >
      <ZoomIn />
    </button>
  );
}

/** Drawn only where the sound may be heard. */
export function SoundButton({ camera, keys }: { camera: CameraRow; keys: boolean }) {
  const { t } = useLingui();
  const on = useStore(heard) === camera.id;
  const toggle = () => toggleHeard(camera.id);
  useKeys(keys ? { t: toggle } : {});
  const words = on ? t`Tắt tiếng` : t`Nghe tiếng`;
  return (
    <button
      type="button"
      className="vbtn ico"
      data-act="sound"
      aria-pressed={on}
      title={on ? t`Tắt tiếng (T)` : t`Nghe tiếng (T)`}
      aria-label={words}
      onClick={toggle}
    >
      {on ? <Volume2 /> : <VolumeX />}
    </button>
  );
}
