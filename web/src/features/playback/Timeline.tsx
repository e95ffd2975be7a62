/**
 * The timeline: what was recorded, what is missing and why, where the cursor is.
 *
 * ```text
 *          06:30        06:45        07:00
 *  112     ████████████╱╱╱╱╱╱████████████▏┊┊┊┊┊   recorded · missing · future
 *  141     ██████████████████│███████████▏┊┊┊┊┊
 *                       [════│════]                selection with two grips
 *                            └ cursor
 * ```
 *
 * Click seeks, drag scrubs, the wheel pans, Ctrl and the wheel zoom; with the
 * selection mode on, a drag marks a stretch. Under a finger, which would hide
 * what it points at, the cursor stays in the middle and the time is dragged
 * past it; two fingers zoom. A pointer that rests sees a small picture of what
 * lies under it.
 */
import { useLingui } from "@lingui/react/macro";
import { type PointerEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { CameraRow, Timeline as TimelineData } from "../../api/types";
import { gapWords } from "../../desk/words";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { clock, clockMillis, SECOND_US } from "../../lib/time";
import type { Deck } from "../../player/deck";
import { union } from "./footage";
import { HoverThumb } from "./HoverThumb";
import { clipped, fraction, momentAt, pan, type Tick, ticks, type Window, zoom } from "./scale";
import type { Selection } from "./selection";
import "./timeline.css";

export interface Track {
  camera: CameraRow;
  timeline: TimelineData | null;
  lead: boolean;
}

interface Props {
  deck: Deck;
  window: Window;
  onWindow: (window: Window) => void;
  tracks: readonly Track[];
  /** More cameras than tracks: the last track shows them together. */
  others: readonly TimelineData[] | null;
  /** The cursor stays in the middle of the window, and a drag moves the time. */
  fixed: boolean;
  selecting: boolean;
  selection: Selection | null;
  onSelection: (selection: Selection | null) => void;
}

type Drag =
  | { kind: "scrub" }
  /** One edge of the selection, while the other stays. */
  | { kind: "edge"; otherUs: number }
  /** `x` is where it began, and `moved` whether it is more than a touch by now. */
  | { kind: "slide"; x: number; cursorUs: number; moved: boolean }
  | { kind: "pinch"; apart: number; window: Window };

/** A finger that lies still wanders this far, in pixels. */
const STILL_PX = 6;

export function Timeline({ deck, window, onWindow, tracks, others, fixed, selecting, selection, onSelection }: Props) {
  const { t } = useLingui();
  const body = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  const fingers = useRef(new Map<number, number>());
  const width = useWidth(body);
  const [hover, setHover] = useState<{ us: number; camera: string | undefined } | null>(null);
  const nowUs = useNow();

  // React listens to wheels passively, and the page must not zoom.
  const latest = useRef({ window, onWindow, fixed });
  latest.current = { window, onWindow, fixed };
  useEffect(() => {
    const element = body.current!;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const { window, onWindow, fixed } = latest.current;
      const part = fixed ? 0.5 : (event.clientX - box.left) / box.width;
      const turn = (event.deltaY || event.deltaX) * (event.deltaMode === 1 ? 30 : 1);
      if (event.ctrlKey || event.metaKey) onWindow(zoom(window, 1.0015 ** turn, part));
      else if (fixed) deck.seek(momentAt(window, 0.5 + turn / 1200));
      else onWindow(pan(window, turn / 1200));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [deck]);

  const momentOf = (event: PointerEvent) => {
    const box = body.current!.getBoundingClientRect();
    return momentAt(window, Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  };
  const begin = (event: PointerEvent, what: Drag) => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    body.current!.setPointerCapture(event.pointerId);
    drag.current = what;
  };
  const onDown = (event: PointerEvent) => {
    const us = momentOf(event);
    fingers.current.set(event.pointerId, event.clientX);
    const apart = spread(fingers.current);
    if (apart !== null) begin(event, { kind: "pinch", apart, window });
    else if (fixed)
      begin(event, { kind: "slide", x: event.clientX, cursorUs: deck.state.get().cursorUs, moved: false });
    else if (selecting || event.shiftKey) {
      begin(event, { kind: "edge", otherUs: us });
      onSelection(null);
    } else {
      begin(event, { kind: "scrub" });
      deck.scrubbing.set(true);
      deck.seek(us);
    }
  };
  const onMove = (event: PointerEvent) => {
    const us = momentOf(event);
    const track = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-track]") : null;
    setHover(event.pointerType === "touch" ? null : { us, camera: track?.dataset.track });
    if (fingers.current.has(event.pointerId)) fingers.current.set(event.pointerId, event.clientX);
    const what = drag.current;
    if (!what) return;
    switch (what.kind) {
      case "scrub":
        deck.seek(us);
        return;
      case "slide":
        what.moved ||= Math.abs(event.clientX - what.x) > STILL_PX;
        if (what.moved) deck.scrubbing.set(true);
        if (what.moved) deck.seek(what.cursorUs - ((event.clientX - what.x) / width) * window.spanUs);
        return;
      case "pinch": {
        const apart = spread(fingers.current);
        if (apart !== null) onWindow(zoom(what.window, what.apart / apart, 0.5));
        return;
      }
      case "edge":
        if (Math.abs(us - what.otherUs) >= SECOND_US / 4)
          onSelection({ fromUs: Math.min(us, what.otherUs), toUs: Math.max(us, what.otherUs) });
    }
  };
  const onUp = (event: PointerEvent) => {
    const what = drag.current;
    if (what?.kind === "slide" && !what.moved && event.type === "pointerup") deck.seek(momentOf(event));
    fingers.current.delete(event.pointerId);
    drag.current = null;
    deck.scrubbing.set(false);
  };

  const future = clipped(window, nowUs, window.fromUs + window.spanUs);
  const selected = selection && clipped(window, selection.fromUs, selection.toUs);
  const tall = tracks.length === 1 && !others;
  /** Whose small pictures are shown where the pointer is on no track. */
  const seen = tracks.find((track) => track.lead) ?? tracks[0];
  return (
    <div className="tl">
      <div className="tlnames">
        {tracks.map(({ camera, lead }) => (
          <div key={camera.id} className={`tlname ${lead ? "lead" : ""} ${tall ? "tall" : ""}`}>
            <b>{camera.number}</b>
            <span className="clip">{camera.name}</span>
          </div>
        ))}
        {others && <div className="tlname">{t`Tất cả`}</div>}
      </div>
      <div
        ref={body}
        className={selecting ? "tlbody selecting" : "tlbody"}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onPointerCancel={onUp}
        onPointerLeave={() => setHover(null)}
      >
        <Ticks ticks={ticks(window, width)} window={window} />
        <div className="trks">
          {tracks.map(({ camera, timeline }) => (
            <TrackRow
              key={camera.id}
              camera={camera.id}
              window={window}
              timeline={timeline}
              tall={tall}
              future={future}
            />
          ))}
          {others && (
            <div className="trk">
              {union(others).map((run) => (
                <Piece key={run.from_us} window={window} fromUs={run.from_us} toUs={run.to_us} className="s-rec" />
              ))}
              {future && <i className="s-fut" style={box(future)} />}
            </div>
          )}
        </div>
        {selected && selection && (
          <div className="selr" style={box(selected)}>
            <Grip
              side="from"
              selection={selection}
              onDown={(e) => begin(e, { kind: "edge", otherUs: selection.toUs })}
              onChange={onSelection}
            />
            <Grip
              side="to"
              selection={selection}
              onDown={(e) => begin(e, { kind: "edge", otherUs: selection.fromUs })}
              onChange={onSelection}
            />
          </div>
        )}
        {hover && drag.current === null && (
          <div className="hover" style={{ left: percent(fraction(window, hover.us)) }}>
            <b>{clock(hover.us)}</b>
          </div>
        )}
        <Cursor deck={deck} window={window} />
      </div>
      {hover && seen && (
        <HoverThumb camera={hover.camera ?? seen.camera.id} us={hover.us} part={fraction(window, hover.us)} />
      )}
    </div>
  );
}

/** How far the first two fingers are from each other; null for fewer. */
function spread(fingers: ReadonlyMap<number, number>): number | null {
  const [a, b] = [...fingers.values()];
  return a === undefined || b === undefined ? null : Math.max(1, Math.abs(a - b));
}

function TrackRow({
  camera,
  window,
  timeline,
  tall,
  future,
}: {
  camera: string;
  window: Window;
  timeline: TimelineData | null;
  tall: boolean;
  future: Box | null;
}) {
  const { t } = useLingui();
  return (
    <div className={tall ? "trk tall" : "trk"} data-track={camera}>
      {timeline?.runs.map((run) => (
        <Piece key={run.from_us} window={window} fromUs={run.from_us} toUs={run.to_us} className="s-rec" />
      ))}
      {timeline?.gaps.map((gap) => (
        <Piece
          key={`g${gap.from_us}`}
          window={window}
          fromUs={gap.from_us}
          toUs={gap.to_us}
          className="s-miss"
          title={`${clock(gap.from_us)} – ${clock(gap.to_us)}: ${t(gapWords(gap.reason))}`}
        />
      ))}
      {timeline?.deleted.map((gone) => (
        <Piece
          key={`d${gone.from_us}`}
          window={window}
          fromUs={gone.from_us}
          toUs={gone.to_us}
          className="s-gone"
          title={`${clock(gone.from_us)} – ${clock(gone.to_us)}: ${t`đã xóa theo hạn`}`}
        />
      ))}
      {future && <i className="s-fut" style={box(future)} />}
    </div>
  );
}

interface Box {
  left: number;
  width: number;
}

const percent = (part: number) => `${part * 100}%`;
const box = ({ left, width }: Box) => ({ left: percent(left), width: percent(width) });

function Piece({
  window,
  fromUs,
  toUs,
  className,
  title,
}: {
  window: Window;
  fromUs: number;
  toUs: number;
  className: string;
  title?: string;
}) {
  const place = clipped(window, fromUs, toUs);
  return place && <i className={className} style={box(place)} title={title} />;
}

function Ticks({ ticks, window }: { ticks: readonly Tick[]; window: Window }) {
  return ticks.map((tick) => (
    <span key={tick.us} className="tick" style={{ left: percent(fraction(window, tick.us)) }}>
      {tick.label}
    </span>
  ));
}

function Cursor({ deck, window }: { deck: Deck; window: Window }) {
  const { t } = useLingui();
  const { cursorUs } = useStore(deck.state);
  const part = fraction(window, cursorUs);
  if (part < 0 || part > 1) return null;
  return (
    <div
      className="cur"
      style={{ left: percent(part) }}
      role="slider"
      tabIndex={0}
      aria-label={t`Con trỏ thời gian`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(part * 100)}
      aria-valuetext={clockMillis(cursorUs)}
      data-cursor-us={cursorUs}
    >
      <b>{clock(cursorUs)}</b>
    </div>
  );
}

interface GripProps {
  side: "from" | "to";
  selection: Selection;
  onDown: (event: PointerEvent) => void;
  onChange: (selection: Selection) => void;
}

function Grip({ side, selection, onDown, onChange }: GripProps) {
  const { t } = useLingui();
  const us = side === "from" ? selection.fromUs : selection.toUs;
  const move = (by: number) => {
    const next = us + by;
    if (side === "from" && next < selection.toUs) onChange({ ...selection, fromUs: next });
    if (side === "to" && next > selection.fromUs) onChange({ ...selection, toUs: next });
  };
  return (
    <button
      type="button"
      className={`grip ${side}`}
      aria-label={side === "from" ? t`Đầu đoạn chọn, ${clock(us)}` : t`Cuối đoạn chọn, ${clock(us)}`}
      onPointerDown={onDown}
      onKeyDown={(event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!by) return;
        event.preventDefault();
        event.stopPropagation();
        move(by * (event.shiftKey ? 10 : 1) * SECOND_US);
      }}
    />
  );
}

function useWidth(element: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** The present, as often as the edge of the future must move. */
function useNow(): number {
  const [now, setNow] = useState(serverNowUs);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNowUs()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
