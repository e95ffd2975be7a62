/** The list of cameras, searched and paged by the server, and the same as a table of people. */
import { done, http, plain } from "./client";
import type { CameraPage, CamerasAsked, ImportAnswer } from "./types";

/** `next`: where the page before said that this one begins; 0 for the first. */
export const cameras = (asked: CamerasAsked, next: number, most: number, signal?: AbortSignal) =>
  done<CameraPage>(
    http.GET("/api/v1/cameras", {
      params: { query: { ...asked, most, ...(next > 0 && { next }) } },
      signal,
    }),
  );

/** Where the cameras that fit can be had as a table. */
export function tableUrl(kind: "xlsx" | "csv", asked: CamerasAsked): string {
  const query = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]));
  return `/api/v1/cameras.${kind}${query.size > 0 ? `?${query}` : ""}`;
}

/** Adds the cameras of a table, all or none; with `dryRun` says what would come of that. */
export async function importCameras(table: ArrayBuffer, dryRun: boolean): Promise<ImportAnswer> {
  const body = { type: "application/octet-stream", bytes: table };
  const response = await plain("POST", `/cameras/import?dry_run=${dryRun}`, { body });
  return (await response.json()) as ImportAnswer;
}
