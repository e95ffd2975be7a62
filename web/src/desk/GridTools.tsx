/** The right end of a grid's bar: how many tiles, what else the screen offers, and the whole screen for them. */
import { useLingui } from "@lingui/react/macro";
import { Maximize } from "lucide-react";
import type { ReactNode } from "react";
import { useStore } from "../lib/store";
import { narrow } from "../ui/appearance";
import { mayFullScreen, toggleFullScreen } from "../ui/fullscreen";
import { Segmented } from "../ui/Segmented";
import { changeView, view } from "./memory";
import { resize, SIZES, type Size } from "./view";

const NAMES: Record<Size, string> = { 1: "1", 4: "2×2", 9: "3×3", 16: "4×4", 25: "5×5" };

export function GridTools({ children }: { children?: ReactNode }) {
  const { t } = useLingui();
  const { size } = useStore(view);
  const phone = useStore(narrow);
  // A phone has one column, so a grid's shape says nothing there.
  const sizes = phone ? SIZES.slice(0, 2) : SIZES;
  return (
    <>
      <Segmented
        label={t`Số ô`}
        value={size}
        onChange={(next) => changeView((v) => resize(v, next))}
        choices={sizes.map((value) => ({ value, text: phone ? value : NAMES[value] }))}
      />
      {children}
      {mayFullScreen() && (
        <button
          type="button"
          className="btn ghost s ico"
          aria-label={t`Toàn màn hình`}
          title={t`Toàn màn hình (F)`}
          onClick={toggleFullScreen}
        >
          <Maximize />
        </button>
      )}
    </>
  );
}
