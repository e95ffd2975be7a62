/**
 * The nouns of the HTTP API, as the client uses them.
 *
 * One name for each shape, so that screens do not care whether it was written
 * here or generated from `crates/api/openapi.json` (`npm run schema`).
 */
export type Role = "main" | "sub";

export interface User {
  id: string;
  name: string;
  display_name: string;
  role: "administrator" | "operator";
  must_choose_password: boolean;
}

export interface Session {
  user: User;
  csrf: string;
  server_time_us: number;
  version: string;
  demo: boolean;
}

export interface Organisation {
  id: string;
  name: string;
  parent: string | null;
}

export interface Site {
  id: string;
  name: string;
  organisation: string;
}

export interface StreamRow {
  id: string;
  role: Role;
  width: number | null;
  height: number | null;
  codec: string | null;
}

export type CameraKind = "recording" | "connecting" | "faulty" | "disabled";

export interface CameraState {
  kind: CameraKind;
  since_us: number | null;
  reason: string | null;
}

export interface CameraRow {
  id: string;
  number: number;
  name: string;
  site: string;
  make: string | null;
  streams: StreamRow[];
  state: CameraState;
  may: { live: boolean; playback: boolean; export: boolean };
}

export interface CameraDetail extends CameraRow {
  url: string;
  sub_url?: string | null;
  user?: string | null;
  recording?: boolean;
  retention_days?: number;
}

export interface CameraWrite {
  number: number;
  name: string;
  site: string;
  url: string;
  sub_url?: string | null;
  user?: string | null;
  password?: string | null;
  /** Whether it shall be recorded; it is, unless this says otherwise. */
  recording?: boolean;
}

export interface Tree {
  organisations: Organisation[];
  sites: Site[];
  cameras: CameraRow[];
}

export interface ProbeAnswer {
  codec: string;
  width: number;
  height: number;
  fps: number | null;
}

export interface MediaToken {
  token: string;
  expires_us: number;
}

export interface Run {
  from_us: number;
  to_us: number;
}

export interface TimelineGap extends Run {
  reason: string;
}

export interface Deleted extends Run {
  rule: string;
}

export interface Timeline {
  runs: Run[];
  gaps: TimelineGap[];
  deleted: Deleted[];
  first_us: number | null;
  last_us: number | null;
  synced_us: number | null;
}

export interface ExportAnswer {
  id: string;
  url: string;
  name: string;
  from_us: number;
  to_us: number;
  frames: number;
  size_bytes: number;
}

export interface Hold {
  id: string;
  camera: string;
  from_us: number;
  to_us: number;
  reason: string;
  by?: string | null;
  made_us?: number | null;
}

export interface Status {
  cameras: { recording: number; connecting: number; faulty: number };
  disk: { used_bytes: number; ceiling_bytes: number; free_bytes: number; full: boolean };
  synced_us: number | null;
}
