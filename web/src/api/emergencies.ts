/** Cameras that are opened in an emergency, and what somebody else says to it. */
import { done, http } from "./client";
import type { Emergency } from "./types";

export const emergencies = async (signal?: AbortSignal) =>
  (await done<{ emergencies: Emergency[] }>(http.GET("/api/v1/emergencies", { signal }))).emergencies;

export const openInEmergency = (cameras: string[], reason: string) =>
  done<Emergency>(http.POST("/api/v1/emergencies", { body: { cameras, reason } }));

export const reviewEmergency = (id: string, justified: boolean, note: string) =>
  done<Emergency>(
    http.POST("/api/v1/emergencies/{id}/review", { params: { path: { id } }, body: { justified, note } }),
  );
