/**
 * The frame of a tile: number, name and state on a bar, the picture or the
 * words in its place, controls at the foot. What is in it is the screen's.
 */
import { useLingui } from "@lingui/react/macro";
import type { ReactNode, Ref } from "react";
import type { CameraRow } from "../api/types";

export interface TileProps {
  index: number;
  camera: CameraRow | null;
  selected: boolean;
  /** A word for tests and for those who hear: `live`, `no_data`… */
  state: string;
  /** Right end of the bar. */
  status?: ReactNode;
  tone?: "late" | "past" | undefined;
  /** Attributes that tests and tools read. */
  data?: {
    role?: string | undefined;
    channel?: number | null | undefined;
    way?: string | undefined;
    /** What the server converts it to. */
    form?: string | undefined;
  };
  root?: Ref<HTMLDivElement>;
  children?: ReactNode;
  controls?: ReactNode;
  foot?: ReactNode;
}

export function Tile({
  index,
  camera,
  selected,
  state,
  status,
  tone,
  data,
  root,
  children,
  controls,
  foot,
}: TileProps) {
  const { t } = useLingui();
  const number = index + 1;
  const label = camera ? t`Ô ${number}, camera ${camera.number}, ${camera.name}` : t`Ô ${number}, trống`;
  return (
    <div
      ref={root}
      className={`tile ${selected ? "sel" : ""} ${tone ?? ""} ${camera ? "" : "empty"}`}
      role="group"
      aria-label={label}
      data-tile={number}
      data-camera={camera?.id}
      data-state={state}
      data-role={data?.role}
      data-channel={data?.channel ?? undefined}
      data-way={data?.way}
      data-form={data?.form}
    >
      {children}
      <div className="bar">
        <span className="no">{number}</span>
        {camera && (
          <span className="name">
            {camera.number} · {camera.name}
          </span>
        )}
        {status !== undefined && <span className="st">{status}</span>}
      </div>
      {foot}
      {controls !== undefined && <div className="ctl">{controls}</div>}
    </div>
  );
}

interface WordsProps {
  icon: ReactNode;
  title: ReactNode;
  children?: ReactNode;
  /** Over a picture that stays, dimmed. */
  over?: boolean;
}

/** What stands in a tile instead of a picture: what is so, since when, why, what to do. */
export function TileWords({ icon, title, children, over }: WordsProps) {
  return (
    <div className={over ? "state over" : "state"} role="status">
      {icon}
      <b>{title}</b>
      {children}
    </div>
  );
}
