/**
 * What stands over the timeline of a phone, all within reach of a thumb.
 *
 * ```text
 *  ↺15    ‹|    ▶    |›    15↻    1×
 *  🕓 20/11 06:51:07   10 phút   [ Chọn đoạn ]
 *  ── or, once a stretch is chosen ──────────
 *  [ Đặt đầu  ] [ Đặt cuối ]            ✕
 *  [ 06:47:30 ] [ 06:53:30 ]
 *  [           Trích xuất 06:00           ]
 * ```
 *
 * A finger is too broad to drag an edge to a frame, so each end is set where
 * the cursor stands, and the cursor goes by frames; the grips are there for
 * the rough.
 */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { BoxSelect, Scissors, X } from "lucide-react";
import { useStore } from "../../lib/store";
import { clock, DAY_US, duration, HOUR_US, MINUTE_US, SECOND_US } from "../../lib/time";
import type { Deck } from "../../player/deck";
import { Picker } from "../../ui/Picker";
import { rateSign, Transport, useRates, useSpans } from "./Controls";
import { GoTo } from "./GoTo";
import type { SpanName } from "./scale";
import type { Selection, Side } from "./selection";

interface Props {
  deck: Deck;
  spanUs: number;
  onSpan: (name: SpanName) => void;
  selection: Selection | null;
  onMark: (side: Side) => void;
  onUnselect: () => void;
  onExport: () => void;
}

export function PhoneControls({ deck, spanUs, onSpan, selection, onMark, onUnselect, onExport }: Props) {
  const { t } = useLingui();
  const { rate } = useStore(deck.state);
  return (
    <div className="tlbar" role="toolbar" aria-label={t`Điều khiển xem lại`}>
      <div className="tlrow">
        <Transport deck={deck} />
        <Picker {...useRates(deck)} shown={rateSign(rate)} />
      </div>
      <div className="tlrow">
        <GoTo deck={deck} />
        <Picker {...useSpans(spanUs, onSpan)} shown={<SpanWords spanUs={spanUs} />} />
        {!selection && (
          <button type="button" className="btn s" data-act="select" onClick={() => onMark("from")}>
            <BoxSelect /> <Trans>Chọn đoạn</Trans>
          </button>
        )}
      </div>
      {selection && <SelectionBar selection={selection} onMark={onMark} onUnselect={onUnselect} onExport={onExport} />}
    </div>
  );
}

function SelectionBar({
  selection,
  onMark,
  onUnselect,
  onExport,
}: { selection: Selection } & Pick<Props, "onMark" | "onUnselect" | "onExport">) {
  const { t } = useLingui();
  const length = duration(selection.toUs - selection.fromUs);
  return (
    <div className="selbar" role="group" aria-label={t`Đoạn đang chọn`}>
      <div className="tlrow">
        <button type="button" className="btn end" data-act="from" onClick={() => onMark("from")}>
          <Trans>Đặt đầu</Trans> <span>{clock(selection.fromUs)}</span>
        </button>
        <button type="button" className="btn end" data-act="to" onClick={() => onMark("to")}>
          <Trans>Đặt cuối</Trans> <span>{clock(selection.toUs)}</span>
        </button>
        <button
          type="button"
          className="btn ghost ico"
          aria-label={t`Bỏ chọn`}
          data-act="unselect"
          onClick={onUnselect}
        >
          <X />
        </button>
      </div>
      <button type="button" className="btn primary wide" data-act="take" onClick={onExport}>
        <Scissors /> <Trans>Trích xuất {length}</Trans>
      </button>
    </div>
  );
}

/** A width of the timeline in its largest unit: fingers choose any. */
function SpanWords({ spanUs }: { spanUs: number }) {
  const count = (unitUs: number) => Math.round(spanUs / unitUs);
  if (spanUs < 1.5 * MINUTE_US) return <Plural value={count(SECOND_US)} one="# giây" other="# giây" />;
  if (spanUs < 0.99 * HOUR_US) return <Plural value={count(MINUTE_US)} one="# phút" other="# phút" />;
  if (spanUs < 0.99 * DAY_US) return <Plural value={count(HOUR_US)} one="# giờ" other="# giờ" />;
  return <Plural value={count(DAY_US)} one="# ngày" other="# ngày" />;
}
