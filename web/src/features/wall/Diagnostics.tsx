/** What a tile measures of itself, for those who look for a fault (Ctrl+I). */
import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { clockOffsetQuery } from "../../api/queries";
import { decimal } from "../../lib/figures";
import type { LiveFigures } from "../../player/live";
import type { RoleWhy } from "../../player/role";
import { cameraClockWords } from "./cameraclock";

interface Props {
  camera: string;
  /** Without a picture there is nothing to measure of one, and the tile's words need the place. */
  hasPicture: boolean;
  figures: LiveFigures;
  delayUs: number | null;
  why: RoleWhy;
}

export function Diagnostics({ camera, hasPicture, figures, delayUs, why }: Props) {
  const { t, i18n } = useLingui();
  const { data: offsetUs = null } = useQuery(clockOffsetQuery(camera));
  const number = (value: number, digits: number) => decimal(value, digits, i18n.locale);
  const reasons: Record<RoleWhy, string> = {
    small_tile: t`ô nhỏ`,
    large_tile: t`ô lớn`,
    only_one: t`camera chỉ có một luồng`,
    cannot_play_main: t`không phát được luồng chính`,
    fast: t`phát nhanh`,
  };
  const ofPicture: [string, string][] = [
    [t`Dạng`, figures.codec ?? "–"],
    [t`Cỡ hình`, figures.width > 0 ? `${figures.width} × ${figures.height}` : "–"],
    [t`Hình mỗi giây`, number(figures.framesPerSecond, 1)],
    [t`Đường truyền`, `${number(figures.bitsPerSecond / 1e6, 2)} Mbit/s`],
    [t`Độ trễ`, delayUs === null ? "–" : `${number(delayUs / 1e3, 0)} ms`],
  ];
  const rows: [string, string][] = [
    [t`Luồng`, `${figures.role === "main" ? t`chính` : t`phụ`} · ${reasons[why]}`],
    ...(hasPicture ? ofPicture : []),
    [t`Đồng hồ camera`, offsetUs === null ? "–" : cameraClockWords(offsetUs, i18n)],
    [t`Bỏ ở máy chủ, ở đây`, `${figures.droppedByServer}, ${figures.droppedHere}`],
    [t`Kênh`, figures.channel === null ? "–" : String(figures.channel)],
  ];
  return (
    <dl className="diag">
      {rows.map(([name, value]) => (
        <div key={name} className="diagrow">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
