/**
 * The grid of tiles: selection, full view, dragging, swapping. Draws the places;
 * the screen draws what is in them.
 */
import { type DragEvent, type ReactNode, useState } from "react";
import { dragTile, dropped, isOurs } from "./drag";
import { changeView } from "./memory";
import { fill, put, select, swap, toggleExpanded, type View } from "./view";
import "./grid.css";

interface Props {
  view: View;
  /** Whether a camera may be put here; a drop that is refused says so by its frame. */
  children: (index: number) => ReactNode;
}

export function Grid({ view, children }: Props) {
  const [over, setOver] = useState<number | null>(null);
  const side = view.expanded === null ? Math.sqrt(view.size) : 1;
  const indexes = view.expanded === null ? Array.from({ length: view.size }, (_, i) => i) : [view.expanded];

  const onDrop = (event: DragEvent, index: number) => {
    event.preventDefault();
    setOver(null);
    const what = dropped(event);
    if (what?.kind === "tile") changeView((v) => swap(v, what.index, index));
    else if (what?.cameras.length === 1) changeView((v) => put(v, index, what.cameras[0]!));
    else if (what) changeView((v) => fill(select(v, index), what.cameras));
  };

  return (
    <div className={`wall side${side}`}>
      {indexes.map((index) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: keys of the grid are handled by the screen (useGridKeys)
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys of the grid are handled by the screen (useGridKeys)
        <div
          key={index}
          className={over === index ? "place over" : "place"}
          draggable={view.tiles[index] !== null}
          onDragStart={(event) => {
            // A picture that is zoomed is dragged itself.
            if (document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-grabs]"))
              event.preventDefault();
            else dragTile(event, index);
          }}
          onDragOver={(event) => {
            if (!isOurs(event)) return;
            event.preventDefault();
            setOver(index);
          }}
          onDragLeave={() => setOver(null)}
          onDrop={(event) => onDrop(event, index)}
          onClick={() => changeView((v) => select(v, index))}
          onDoubleClick={(event) => {
            if (!(event.target as HTMLElement).closest("button")) changeView((v) => toggleExpanded(v, index));
          }}
        >
          {children(index)}
        </div>
      ))}
    </div>
  );
}
