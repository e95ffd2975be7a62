/** The state of a camera as colour and shape, with its word for those who hear it. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import type { CameraRow } from "../api/types";

type Shape = "recording" | "late" | "offline" | "disabled" | "refused";

const WORDS: Record<Shape, MessageDescriptor> = {
  recording: msg`đang ghi`,
  late: msg`đang kết nối`,
  offline: msg`mất kết nối`,
  disabled: msg`không ghi`,
  refused: msg`không có quyền`,
};

function shapeOf(camera: CameraRow, watching: boolean): Shape {
  if (watching && !camera.may.live && !camera.may.playback) return "refused";
  return ({ recording: "recording", connecting: "late", faulty: "offline", disabled: "disabled" } as const)[
    camera.state.kind
  ];
}

/** `watching`: whether this person may hold video at all; an administrator sees states, not locks. */
export function Glyph({ camera, watching }: { camera: CameraRow; watching: boolean }) {
  const { t } = useLingui();
  const shape = shapeOf(camera, watching);
  return (
    <svg viewBox="0 0 14 14" className={`glyph ${shape}`} role="img" aria-label={t(WORDS[shape])}>
      {shape === "recording" && <circle cx="7" cy="7" r="4.5" fill="currentColor" />}
      {shape === "late" && (
        <>
          <circle cx="7" cy="7" r="4.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
          <path d="M7 2.75a4.25 4.25 0 0 0 0 8.5z" fill="currentColor" />
        </>
      )}
      {shape === "offline" && (
        <>
          <circle cx="7" cy="7" r="4.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
          <path d="M3.5 10.5l7-7" stroke="currentColor" strokeWidth="1.5" />
        </>
      )}
      {shape === "disabled" && (
        <rect x="3.25" y="3.25" width="7.5" height="7.5" fill="none" stroke="currentColor" strokeWidth="1.5" />
      )}
      {shape === "refused" && (
        <>
          <rect x="3" y="6.25" width="8" height="5.5" rx="1" fill="currentColor" />
          <path d="M4.75 6V4.5a2.25 2.25 0 0 1 4.5 0V6" fill="none" stroke="currentColor" strokeWidth="1.4" />
        </>
      )}
    </svg>
  );
}
