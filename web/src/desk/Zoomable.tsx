/**
 * A picture that can be looked into: the wheel zooms at the cursor, a drag
 * moves what is zoomed, in zoom mode (Z) a drag draws a box and the keys + −
 * and the arrows work; two fingers pinch. A small picture shows which part is
 * seen. Nothing of this moves the camera. The rules are `zoom.ts`.
 */
import { Trans, useLingui } from "@lingui/react/macro";
import { ZoomIn } from "lucide-react";
import { type PointerEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { narrow } from "../ui/appearance";
import { useKeys } from "../ui/keys";
import { isZoomed, type Point, pan, pinch, toBox, WHOLE, type Zoom, zoomAt } from "./zoom";
import "./zoom.css";

export interface Zooming {
  zoom: Zoom;
  /** Zoom mode: a drag draws a box, and the keys zoom. */
  mode: boolean;
  zoomed: boolean;
  change: (change: (zoom: Zoom) => Zoom) => void;
  toggle: () => void;
  reset: () => void;
}

const CENTRE = { x: 0.5, y: 0.5 };
const STEP = 1.4;
const MOVE = 0.15;

/** `keys`: whether the tile is the selected one, to which keys go; `able`: whether there is a picture. */
export function useZoom(keys: boolean, able: boolean): Zooming {
  const [zoom, setZoom] = useState(WHOLE);
  const [mode, setMode] = useState(false);
  const zoomed = isZoomed(zoom);
  const reset = () => {
    setZoom(WHOLE);
    setMode(false);
  };
  const move = (x: number, y: number) => () => setZoom((z) => pan(z, { x, y }));
  const scale = (factor: number) => () => setZoom((z) => zoomAt(z, factor, CENTRE));
  useKeys(keys && able ? { z: () => setMode(!mode) } : {});
  // Before the keys of the grid and the timeline: arrows and Esc are theirs otherwise.
  useKeys(
    {
      ...(keys && (mode || zoomed) && { Escape: reset }),
      ...(keys &&
        mode && {
          "+": scale(STEP),
          "=": scale(STEP),
          "-": scale(1 / STEP),
          ArrowLeft: move(MOVE, 0),
          ArrowRight: move(-MOVE, 0),
          ArrowUp: move(0, MOVE),
          ArrowDown: move(0, -MOVE),
        }),
    },
    { first: true },
  );
  return { zoom, mode, zoomed, change: setZoom, toggle: () => setMode(!mode), reset };
}

type Hold =
  | { kind: "pan"; last: Point }
  | { kind: "box"; from: Point }
  | { kind: "pinch"; from: [Point, Point]; start: Zoom };

export function Zoomable({ zooming, children }: { zooming: Zooming; children: ReactNode }) {
  const { zoom, mode, zoomed, change, reset } = zooming;
  const root = useRef<HTMLDivElement>(null);
  const fingers = useRef(new Map<number, Point>());
  const hold = useRef<Hold | null>(null);
  const [box, setBox] = useState<[Point, Point] | null>(null);

  // React listens to wheels passively, and the page must not scroll.
  const latest = useRef(zooming);
  latest.current = zooming;
  useEffect(() => {
    const element = root.current!;
    const onWheel = (event: WheelEvent) => {
      const { mode, zoomed, change } = latest.current;
      // A phone's wall is scrolled by the wheel until a picture is zoomed.
      if (narrow.get() && !mode && !zoomed && !event.ctrlKey) return;
      event.preventDefault();
      const turn = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
      const at = pointOf(element, event);
      change((z) => zoomAt(z, 1.0018 ** -turn, at));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);

  const onDown = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    const at = pointOf(root.current!, event);
    fingers.current.set(event.pointerId, at);
    const [p, q] = [...fingers.current.values()];
    if (p && q) hold.current = { kind: "pinch", from: [p, q], start: zoom };
    else if (mode && event.pointerType !== "touch") hold.current = { kind: "box", from: at };
    else if (zoomed) hold.current = { kind: "pan", last: at };
    if (hold.current) root.current!.setPointerCapture(event.pointerId);
  };
  const onMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!fingers.current.has(event.pointerId)) return;
    const at = pointOf(root.current!, event);
    fingers.current.set(event.pointerId, at);
    const what = hold.current;
    switch (what?.kind) {
      case "pan": {
        const by = { x: at.x - what.last.x, y: at.y - what.last.y };
        what.last = at;
        change((z) => pan(z, by));
        return;
      }
      case "box":
        setBox([what.from, at]);
        return;
      case "pinch": {
        const [p, q] = [...fingers.current.values()];
        if (p && q) change(() => pinch(what.start, what.from, [p, q]));
      }
    }
  };
  const onUp = (event: PointerEvent<HTMLDivElement>) => {
    const what = hold.current;
    if (what?.kind === "box" && event.type === "pointerup") {
      const at = pointOf(root.current!, event);
      change((z) => toBox(z, what.from, at));
    }
    setBox(null);
    fingers.current.delete(event.pointerId);
    const [left] = [...fingers.current.values()];
    // One of two fingers was lifted: the other goes on moving what is zoomed.
    hold.current = left && what?.kind === "pinch" ? { kind: "pan", last: left } : null;
  };

  const { scale, x, y } = zoom;
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: what the hand does here the keys do in zoom mode */}
      <div
        ref={root}
        className={`zoomable ${mode ? "mode" : ""} ${zoomed ? "zoomed" : ""}`}
        // What is zoomed, or about to be, is dragged itself: not its tile.
        data-grabs={mode || zoomed ? "" : undefined}
        data-zoom={zoomed ? scale.toFixed(2) : undefined}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onPointerCancel={onUp}
        onDoubleClick={(event) => {
          if (!mode && !zoomed) return;
          event.stopPropagation();
          reset();
        }}
      >
        <div
          className="zoomin"
          style={zoomed ? { transform: `scale(${scale}) translate(${-x * 100}%, ${-y * 100}%)` } : undefined}
        >
          {children}
        </div>
        {box && <div className="zoombox" style={boxStyle(box)} />}
      </div>
      {zoomed && <Overview root={root} zoom={zoom} onReset={reset} />}
      {mode && (
        <div className="foot zoomwords" role="status">
          <ZoomIn className="s" />
          <span className="clip">
            <Trans>Kéo một khung để phóng to, hoặc + − và các phím mũi tên. Esc để thôi.</Trans>
          </span>
        </div>
      )}
    </>
  );
}

/** The whole picture, small, with a frame around what is seen. */
function Overview({
  root,
  zoom,
  onReset,
}: {
  root: { current: HTMLDivElement | null };
  zoom: Zoom;
  onReset: () => void;
}) {
  const { t } = useLingui();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = () => {
      const pen = canvas.current?.getContext("2d");
      const video = shownVideo(root.current);
      const tile = root.current;
      if (!pen || !video || !tile) return;
      // The picture as it lies in its tile, with what is free beside it.
      const { width, height } = pen.canvas;
      const fit = Math.min(tile.clientWidth / video.videoWidth, tile.clientHeight / video.videoHeight);
      const w = (video.videoWidth * fit * width) / tile.clientWidth;
      const h = (video.videoHeight * fit * height) / tile.clientHeight;
      pen.clearRect(0, 0, width, height);
      pen.drawImage(video, (width - w) / 2, (height - h) / 2, w, h);
    };
    draw();
    const timer = setInterval(draw, 250);
    return () => clearInterval(timer);
  }, [root]);
  const side = `${100 / zoom.scale}%`;
  return (
    <button
      type="button"
      className="overview"
      title={t`Về toàn cảnh (Esc)`}
      aria-label={t`Về toàn cảnh`}
      onClick={onReset}
    >
      <canvas ref={canvas} width={128} height={72} />
      <i style={{ left: `${zoom.x * 100}%`, top: `${zoom.y * 100}%`, width: side, height: side }} />
    </button>
  );
}

/** Returns the video that people see in an element; null without a picture. */
export function shownVideo(root: HTMLElement | null): HTMLVideoElement | null {
  const videos = [...(root?.querySelectorAll("video") ?? [])].filter((v) => v.videoWidth > 0);
  return videos.findLast((v) => getComputedStyle(v).visibility !== "hidden") ?? null;
}

function pointOf(element: HTMLElement, { clientX, clientY }: { clientX: number; clientY: number }): Point {
  const box = element.getBoundingClientRect();
  return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
}

function boxStyle([a, b]: [Point, Point]) {
  const percent = (part: number) => `${part * 100}%`;
  return {
    left: percent(Math.min(a.x, b.x)),
    top: percent(Math.min(a.y, b.y)),
    width: percent(Math.abs(a.x - b.x)),
    height: percent(Math.abs(a.y - b.y)),
  };
}
