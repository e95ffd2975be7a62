/** What can be done with any tile, live or past: what its screen offers, then fill the grid, then let go of the camera. */
import { useLingui } from "@lingui/react/macro";
import { Maximize2, Minimize2, X } from "lucide-react";
import type { ReactNode } from "react";
import { changeView } from "./memory";
import { clear, toggleExpanded } from "./view";

interface Props {
  index: number;
  expanded: boolean;
  children?: ReactNode;
}

export function TileControls({ index, expanded, children }: Props) {
  const { t } = useLingui();
  const expand = expanded ? t`Về lưới` : t`Phóng ra toàn lưới`;
  return (
    <>
      {children}
      <span className="grow" />
      <button
        type="button"
        className="vbtn ico"
        title={expand}
        aria-label={expand}
        onClick={() => changeView((v) => toggleExpanded(v, index))}
      >
        {expanded ? <Minimize2 /> : <Maximize2 />}
      </button>
      <button
        type="button"
        className="vbtn ico"
        title={t`Bỏ khỏi ô (Del)`}
        aria-label={t`Bỏ khỏi ô`}
        onClick={(event) => {
          event.stopPropagation();
          changeView((v) => clear(v, index));
        }}
      >
        <X />
      </button>
    </>
  );
}
