/** The buttons over the timeline of a desk: play, steps, speed, selection, go to a moment, how much time is shown. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import {
  BoxSelect,
  CircleHelp,
  Pause,
  Play,
  Radio,
  RotateCcw,
  RotateCw,
  Scissors,
  StepBack,
  StepForward,
} from "lucide-react";
import { decimal } from "../../lib/figures";
import { useStore } from "../../lib/store";
import { SECOND_US } from "../../lib/time";
import type { Deck } from "../../player/deck";
import { type Choices, Segmented } from "../../ui/Segmented";
import { GoTo } from "./GoTo";
import { SPANS, type SpanName } from "./scale";

export const RATES = [0.5, 1, 2, 4, 8, 16] as const;

interface Props {
  deck: Deck;
  spanUs: number;
  onSpan: (name: SpanName) => void;
  selecting: boolean;
  onSelecting: (on: boolean) => void;
  canExport: boolean;
  onExport: () => void;
  onLive: () => void;
  onHelp: () => void;
}

export function Controls({ deck, spanUs, onSpan, selecting, onSelecting, canExport, onExport, onLive, onHelp }: Props) {
  const { t } = useLingui();
  return (
    <div className="tlbar" role="toolbar" aria-label={t`Điều khiển xem lại`}>
      <button
        type="button"
        className="btn s"
        title={t`Về trực tiếp (L)`}
        aria-label={t`Về trực tiếp`}
        data-act="live"
        onClick={onLive}
      >
        <Radio />
        <span className="label">
          <Trans>Về trực tiếp</Trans>
        </span>
      </button>
      <Transport deck={deck} />
      <Segmented {...useRates(deck)} />
      <button
        type="button"
        className="btn s"
        aria-pressed={selecting}
        onClick={() => onSelecting(!selecting)}
        aria-label={t`Chọn đoạn`}
        title={t`Kéo trên dải thời gian để chọn (hoặc [ và ])`}
      >
        <BoxSelect />
        <span className="label">
          <Trans>Chọn đoạn</Trans>
        </span>
      </button>
      <button
        type="button"
        className="btn s"
        disabled={!canExport}
        onClick={onExport}
        aria-label={t`Trích xuất`}
        title={canExport ? t`Trích xuất (E)` : t`Chọn một đoạn trước`}
      >
        <Scissors />
        <span className="label">
          <Trans>Trích xuất</Trans>
        </span>
      </button>
      <span className="grow" />
      <GoTo deck={deck} />
      <Segmented {...useSpans(spanUs, onSpan)} />
      <button
        type="button"
        className="btn ghost s ico"
        aria-label={t`Phím tắt và chú giải`}
        title={t`Phím tắt và chú giải (?)`}
        onClick={onHelp}
      >
        <CircleHelp />
      </button>
    </div>
  );
}

/** Jumps, steps, and play in their midst. */
export function Transport({ deck }: { deck: Deck }) {
  const { t } = useLingui();
  const { playing } = useStore(deck.state);
  const jump = (seconds: number) => deck.seek(deck.state.get().cursorUs + seconds * SECOND_US);
  return (
    <>
      <button
        type="button"
        className="btn ghost s"
        title={t`Lùi 15 giây`}
        aria-label={t`Lùi 15 giây`}
        onClick={() => jump(-15)}
      >
        <RotateCcw />
        15
      </button>
      <button
        type="button"
        className="btn ghost s"
        title={t`Hình trước (←)`}
        aria-label={t`Hình trước`}
        data-act="back"
        onClick={() => deck.step(-1)}
      >
        <StepBack />
      </button>
      <button
        type="button"
        className="btn s ghost on"
        title={playing ? t`Dừng (Space)` : t`Phát (Space)`}
        aria-label={playing ? t`Dừng` : t`Phát`}
        data-act="play"
        onClick={() => deck.toggle()}
      >
        {playing ? <Pause /> : <Play />}
      </button>
      <button
        type="button"
        className="btn ghost s"
        title={t`Hình sau (→)`}
        aria-label={t`Hình sau`}
        data-act="forward"
        onClick={() => deck.step(1)}
      >
        <StepForward />
      </button>
      <button
        type="button"
        className="btn ghost s"
        title={t`Tới 15 giây`}
        aria-label={t`Tới 15 giây`}
        onClick={() => jump(15)}
      >
        <RotateCw />
        15
      </button>
    </>
  );
}

/** The speeds there are, as a choice. */
export function useRates(deck: Deck): Choices<number> {
  const { t, i18n } = useLingui();
  const { rate } = useStore(deck.state);
  return {
    label: t`Tốc độ`,
    value: rate,
    onChange: (next) => deck.setRate(next),
    choices: RATES.map((value) => ({
      value,
      text: rateSign(value),
      title: t`Tốc độ ${decimal(value, value < 1 ? 1 : 0, i18n.locale)} lần`,
    })),
  };
}

export const rateSign = (rate: number): string => (rate === 0.5 ? "½×" : `${rate}×`);

/** How much time the timeline shows, as a choice; a width that was zoomed to is none of them. */
export function useSpans(spanUs: number, onSpan: (name: SpanName) => void): Choices<SpanName | ""> {
  const { t } = useLingui();
  const named = (Object.keys(SPANS) as SpanName[]).find((name) => Math.abs(SPANS[name] / spanUs - 1) < 0.01);
  return {
    label: t`Độ rộng của dải thời gian`,
    value: named ?? "",
    onChange: (name) => name !== "" && onSpan(name),
    choices: [
      { value: "10m", text: <Plural value={10} one="# phút" other="# phút" /> },
      { value: "1h", text: <Plural value={1} one="# giờ" other="# giờ" /> },
      { value: "1d", text: <Trans>Ngày</Trans> },
    ],
  };
}
