/** The list of cameras, searched and paged by the server. */
import { done, http } from "./client";
import type { CameraPage, CamerasAsked } from "./types";

/** `next`: where the page before said that this one begins; 0 for the first. */
export const cameras = (asked: CamerasAsked, next: number, most: number, signal?: AbortSignal) =>
  done<CameraPage>(
    http.GET("/api/v1/cameras", {
      params: { query: { ...asked, most, ...(next > 0 && { next }) } },
      signal,
    }),
  );
