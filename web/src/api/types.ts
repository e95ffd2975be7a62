/**
 * The nouns of the HTTP API under the names the screens use.
 *
 * The shapes are generated from `crates/api/openapi.json` (`make openapi`);
 * where the text says "string" and means a closed set, the set is said here.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Role = Schemas["Role"];
export type User = Omit<Schemas["SessionUser"], "role"> & { role: "administrator" | "operator" };
export type Session = Omit<Schemas["Session"], "user"> & { user: User };
export type Site = Schemas["SiteRow"];
export type CameraState = Omit<Schemas["StateRow"], "kind"> & {
  kind: "recording" | "connecting" | "faulty" | "disabled";
};
export type CameraRow = Omit<Schemas["CameraRow"], "state"> & { state: CameraState };
export type CameraDetail = CameraRow &
  Pick<Schemas["CameraDetail"], "clock_offset_us"> &
  Partial<Schemas["Configuration"]>;
export type CameraWrite = Schemas["CameraWrite"];
export type CameraPatch = Schemas["CameraPatch"];
export type Tree = Omit<Schemas["Tree"], "cameras"> & { cameras: CameraRow[] };
export type ProbeAsked = Schemas["ProbeAsked"];
export type ProbeAnswer = Schemas["ProbeAnswer"];
export type TokenAsked = Schemas["TokenAsked"];
export type MediaToken = Schemas["TokenAnswer"];
export type Run = Schemas["RunRow"];
export type Timeline = Schemas["TimelineAnswer"];
export type ExportAsked = Schemas["ExportAsked"];
export type ExportAnswer = Schemas["ExportAnswer"];
export type Hold = Schemas["HoldRow"];
export type HoldWrite = Schemas["HoldWrite"];
export type Status = Schemas["StatusAnswer"];
