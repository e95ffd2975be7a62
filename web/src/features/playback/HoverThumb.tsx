/** Over the timeline, where the pointer is: a small picture of that moment, and its hour. */
import { Trans } from "@lingui/react/macro";
import { clock } from "../../lib/time";
import { useNoThumbs, useThumb } from "./thumbs";

/** A pointer that passes by asks for nothing. */
const AFTER_MS = 70;

interface Props {
  camera: string;
  us: number;
  /** Where it stands, as a part of the timeline's width. */
  part: number;
}

export function HoverThumb({ camera, us, part }: Props) {
  const thumb = useThumb(camera, us, AFTER_MS);
  const none = useNoThumbs();
  if (!thumb && !none) return null;
  return (
    <div className="hoverthumb" style={{ "--part": part } as React.CSSProperties} data-thumb-us={thumb?.wallUs}>
      {thumb && <img src={thumb.url} alt="" />}
      <span>{none ? <Trans>Máy chủ chưa cài phần làm hình nhỏ</Trans> : clock(thumb!.wallUs)}</span>
    </div>
  );
}
