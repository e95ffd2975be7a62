/** The buttons over the timeline: play, steps, speed, selection, go to a moment, how much time is shown. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import {
  BoxSelect,
  CircleHelp,
  Clock3,
  Pause,
  Play,
  Radio,
  RotateCcw,
  RotateCw,
  Scissors,
  StepBack,
  StepForward,
} from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { decimal } from "../../lib/figures";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { dateTime, parseDateTime, SECOND_US } from "../../lib/time";
import type { Deck } from "../../player/deck";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/toast";
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
  const { t, i18n } = useLingui();
  const { playing, rate } = useStore(deck.state);
  const jump = (seconds: number) => deck.seek(deck.state.get().cursorUs + seconds * SECOND_US);
  const named = (Object.keys(SPANS) as SpanName[]).find((name) => Math.abs(SPANS[name] / spanUs - 1) < 0.01);
  return (
    <div className="tlbar" role="toolbar" aria-label={t`Điều khiển xem lại`}>
      <button
        type="button"
        className="btn s deskonly"
        title={t`Về trực tiếp (L)`}
        aria-label={t`Về trực tiếp`}
        onClick={onLive}
      >
        <Radio />
        <span className="label">
          <Trans>Về trực tiếp</Trans>
        </span>
      </button>
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
      <Segmented
        label={t`Tốc độ`}
        className="deskonly"
        value={rate}
        onChange={(next) => deck.setRate(next)}
        choices={RATES.map((value) => ({
          value,
          text: value === 0.5 ? "½×" : `${value}×`,
          title: t`Tốc độ ${decimal(value, value < 1 ? 1 : 0, i18n.locale)} lần`,
        }))}
      />
      <RatePicker deck={deck} />
      <button
        type="button"
        className="btn s deskonly"
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
        className="btn s deskonly"
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
      <Segmented
        label={t`Độ rộng của dải thời gian`}
        className="deskonly"
        value={named ?? ("" as SpanName)}
        onChange={onSpan}
        choices={[
          { value: "10m", text: <Plural value={10} one="# phút" other="# phút" /> },
          { value: "1h", text: <Plural value={1} one="# giờ" other="# giờ" /> },
          { value: "1d", text: <Trans>Ngày</Trans> },
        ]}
      />
      <button
        type="button"
        className="btn ghost s ico deskonly"
        aria-label={t`Phím tắt và chú giải`}
        title={t`Phím tắt và chú giải (?)`}
        onClick={onHelp}
      >
        <CircleHelp />
      </button>
    </div>
  );
}

/** On a phone one button that goes through the speeds. */
function RatePicker({ deck }: { deck: Deck }) {
  const { t } = useLingui();
  const { rate } = useStore(deck.state);
  const next = () => deck.setRate(RATES[(RATES.indexOf(rate as (typeof RATES)[number]) + 1) % RATES.length]!);
  return (
    <button type="button" className="btn ghost s narrow" aria-label={t`Tốc độ`} onClick={next}>
      {rate === 0.5 ? "½×" : `${rate}×`}
    </button>
  );
}

/** A field for a moment; shows the cursor's while nobody types. */
function GoTo({ deck }: { deck: Deck }) {
  const { t } = useLingui();
  const [text, setText] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const { cursorUs } = useStore(deck.state);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const us = parseDateTime(text ?? "", cursorUs);
    if (us === null) {
      toast(t`Nhập giờ như 20/11/2026 06:51:07, hoặc 06:51.`);
      return;
    }
    if (us > serverNowUs()) toast(t`Giờ này chưa đến.`);
    deck.seek(us);
    setText(null);
    input.current?.blur();
  };
  useEffect(() => {
    if (text !== null) input.current?.select();
    // Only when typing begins.
  }, [text !== null]);
  return (
    <form className="input goto" onSubmit={submit}>
      <Clock3 className="s" aria-hidden />
      <input
        ref={input}
        aria-label={t`Đến ngày giờ`}
        name="goto"
        value={text ?? dateTime(cursorUs)}
        onFocus={() => setText(dateTime(cursorUs))}
        onBlur={() => setText(null)}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") input.current?.blur();
        }}
        inputMode="numeric"
        autoComplete="off"
      />
    </form>
  );
}
