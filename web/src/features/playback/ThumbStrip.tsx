/** A row of small pictures over the timeline, each where its moment is: what a person looks for is seen before it is sought. */
import { useEffect, useRef, useState } from "react";
import type { Timeline } from "../../api/types";
import { HOUR_US } from "../../lib/time";
import { cells, fraction, type Window } from "./scale";
import { useThumb } from "./thumbs";

interface Props {
  window: Window;
  camera: string;
  timeline: Timeline | null;
}

/** With more time on the screen each picture would stand for too much. */
export const STRIP_MOST_US = 1.01 * HOUR_US;
/** A hand that moves the time asks for nothing until it rests. */
const AFTER_MS = 250;

export function ThumbStrip({ window, camera, timeline }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(root.current!);
    return () => observer.disconnect();
  }, []);
  const { stepUs, startsUs } = cells(window, width);
  return (
    <div className="strip" ref={root} aria-hidden>
      {startsUs.map((us) => (
        <Cell
          key={`${stepUs} ${us}`}
          camera={camera}
          us={us}
          left={fraction(window, us)}
          width={stepUs / window.spanUs}
          recorded={timeline?.runs.some((r) => r.from_us <= us && us < r.to_us) ?? false}
        />
      ))}
    </div>
  );
}

interface CellProps {
  camera: string;
  us: number;
  left: number;
  width: number;
  recorded: boolean;
}

function Cell({ camera, us, left, width, recorded }: CellProps) {
  const thumb = useThumb(camera, recorded ? us : null, AFTER_MS);
  return <i style={{ left: `${left * 100}%`, width: `${width * 100}%` }}>{thumb && <img src={thumb.url} alt="" />}</i>;
}
