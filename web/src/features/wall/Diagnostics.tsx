/** What a tile measures of itself, for those who look for a fault (Ctrl+I). */
import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { clockOffsetQuery } from "../../api/queries";
import { measuredWords, streamWhyWords, wayName, wayWhyWords } from "../../desk/waywords";
import { codecName } from "../../desk/words";
import { decimal } from "../../lib/figures";
import type { Choice } from "../../player/choose";
import type { LiveFigures } from "../../player/liveplayer";
import { isManaged } from "../../player/mse";
import { cameraClockWords } from "./cameraclock";

interface Props {
  camera: string;
  /** What the camera says of its stream, for a way that does not tell. */
  streamCodec: string | null;
  /** Without a picture there is nothing to measure of one, and the tile's words need the place. */
  hasPicture: boolean;
  figures: LiveFigures;
  delayUs: number | null;
  choice: Choice;
}

export function Diagnostics({ camera, streamCodec, hasPicture, figures, delayUs, choice }: Props) {
  const { t, i18n } = useLingui();
  const { data: offsetUs = null } = useQuery(clockOffsetQuery(camera));
  const number = (value: number, digits: number) => decimal(value, digits, i18n.locale);
  const { plan, convertedFrom, measured, sound } = figures;
  const codec = figures.codec ?? streamCodec;
  const plays = choice.kind === "play" ? choice : null;
  const wayWhy = plays && wayWhyWords(plays.wayWhy);
  const because = (what: string, why: string | null) => (why === null ? what : `${what} · ${why}`);
  const managed = plan.way === "mse" && isManaged() ? t`MSE (máy điều tiết)` : wayName(plan.way);
  const coded = codec === null ? "–" : `${codecName(codec)} · ${codec}`;
  const from = convertedFrom === null ? "" : codecName(convertedFrom);
  const delay = () => {
    if (delayUs === null) return "–";
    if (measured === "edge") return t`vài giây`;
    return `${measured === "exact" ? "" : "≈ "}${number(delayUs / 1e3, 0)} ms`;
  };
  const ofPicture: [string, string][] = [
    [t`Dạng`, coded],
    ...(from ? [[t`Chuyển từ`, from] as [string, string]] : []),
    [t`Cỡ hình`, figures.width > 0 ? `${figures.width} × ${figures.height}` : "–"],
    [t`Hình mỗi giây`, number(figures.framesPerSecond, 1)],
    [t`Đường truyền`, figures.bitsPerSecond > 0 ? `${number(figures.bitsPerSecond / 1e6, 2)} Mbit/s` : "–"],
    [t`Độ trễ`, delay()],
    [t`Cách đo`, i18n._(measuredWords(measured))],
    ...(sound ? [[t`Tiếng`, codecName(sound)] as [string, string]] : []),
  ];
  const rows: [string, string][] = [
    [t`Luồng`, because(plan.role === "main" ? t`chính` : t`phụ`, plays && i18n._(streamWhyWords(plays.streamWhy)))],
    [t`Cách xem`, because(managed, wayWhy && i18n._(wayWhy))],
    ...(hasPicture ? ofPicture : []),
    [t`Đồng hồ camera`, offsetUs === null ? "–" : cameraClockWords(offsetUs, i18n)],
    [
      plan.way === "whep" ? t`Mất trên đường, bỏ ở đây` : t`Bỏ ở máy chủ, ở đây`,
      `${figures.droppedByServer}, ${figures.droppedHere}`,
    ],
    ...(hasPicture
      ? ([[t`Kênh`, figures.channel === null ? "–" : String(figures.channel)]] as [string, string][])
      : []),
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
