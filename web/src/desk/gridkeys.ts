/**
 * Keys of the grid, and the number that is being typed: `12 ⏎` puts camera 12
 * into the selected tile, one digit alone selects that tile.
 */
import { useEffect, useRef, useState } from "react";
import type { CameraRow } from "../api/types";
import { useKeys } from "../ui/keys";
import { changeView } from "./memory";
import { clear, moveSelection, put, resize, SIZES, select, toggleExpanded, type View } from "./view";

/** A digit that stands alone this long was meant for a tile. */
const ALONE_MS = 900;

interface Options {
  view: View;
  cameras: readonly CameraRow[];
  /** Arrows move the selection here; where time is played they belong to the timeline. */
  arrows: boolean;
  onUnknown: (number: string) => void;
}

/** Returns the digits typed so far. */
export function useGridKeys({ view, cameras, arrows, onUnknown }: Options): string {
  const [typed, setTyped] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => void (timer.current && clearTimeout(timer.current)), []);

  const stop = () => {
    if (timer.current) clearTimeout(timer.current);
    timer.current = null;
  };
  const digit = (d: string) => {
    stop();
    const next = `${typed}${d}`.slice(-7);
    setTyped(next);
    timer.current = setTimeout(
      () => {
        setTyped("");
        if (next.length === 1) changeView((v) => select(v, Number(next) - 1));
      },
      next.length === 1 ? ALONE_MS : 4 * ALONE_MS,
    );
  };
  const enter = () => {
    if (typed === "") {
      changeView((v) => toggleExpanded(v, v.selected));
      return;
    }
    stop();
    setTyped("");
    const camera = cameras.find((c) => c.number === Number(typed));
    if (camera) changeView((v) => put(v, v.selected, camera.id));
    else onUnknown(typed);
  };

  const keys: Record<string, (event: KeyboardEvent) => void> = {
    Enter: enter,
    Delete: () => changeView((v) => clear(v, v.selected)),
    Escape: () => {
      stop();
      if (typed !== "") setTyped("");
      else if (view.expanded !== null) changeView((v) => toggleExpanded(v, v.selected));
    },
  };
  for (let d = 0; d <= 9; d++) keys[String(d)] = () => digit(String(d));
  SIZES.forEach((size, i) => {
    keys[`Shift+${i + 1}`] = () => changeView((v) => resize(v, size));
  });
  if (arrows)
    Object.assign(keys, {
      ArrowLeft: () => changeView((v) => moveSelection(v, -1, 0)),
      ArrowRight: () => changeView((v) => moveSelection(v, 1, 0)),
      ArrowUp: () => changeView((v) => moveSelection(v, 0, -1)),
      ArrowDown: () => changeView((v) => moveSelection(v, 0, 1)),
    });
  useKeys(keys);
  return typed;
}
