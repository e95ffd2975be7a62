/** How many cameras do what, in words. */
import { Plural } from "@lingui/react/macro";
import type { CameraRow } from "../api/types";

type Told = Record<"recording" | "connecting" | "faulty", number>;

export function Counts({ counts }: { counts: Told }) {
  const { recording, connecting, faulty } = counts;
  return (
    <span className="row counts small t2">
      <span>
        <Plural value={recording} one="# đang ghi" other="# đang ghi" />
      </span>
      {connecting > 0 && (
        <span>
          <Plural value={connecting} one="# đang kết nối" other="# đang kết nối" />
        </span>
      )}
      {faulty > 0 && (
        <span>
          <Plural value={faulty} one="# mất hình" other="# mất hình" />
        </span>
      )}
    </span>
  );
}

/** Counts them where all are at hand. */
export function countsOf(cameras: readonly CameraRow[]): Told {
  const count = (kind: CameraRow["state"]["kind"]) => cameras.filter((c) => c.state.kind === kind).length;
  return { recording: count("recording"), connecting: count("connecting"), faulty: count("faulty") };
}
