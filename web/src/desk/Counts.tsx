/** How many cameras do what, in words. */
import { Plural } from "@lingui/react/macro";
import type { CameraRow } from "../api/types";

export function Counts({ cameras }: { cameras: readonly CameraRow[] }) {
  const count = (kind: CameraRow["state"]["kind"]) => cameras.filter((c) => c.state.kind === kind).length;
  return (
    <span className="row counts small t2">
      <span>
        <Plural value={count("recording")} one="# đang ghi" other="# đang ghi" />
      </span>
      {count("connecting") > 0 && (
        <span>
          <Plural value={count("connecting")} one="# đang kết nối" other="# đang kết nối" />
        </span>
      )}
      {count("faulty") > 0 && (
        <span>
          <Plural value={count("faulty")} one="# mất hình" other="# mất hình" />
        </span>
      )}
    </span>
  );
}
