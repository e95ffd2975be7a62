/** The envelope for emergencies: opening it, and looking into that afterwards. */
import { done, http } from "./client";
import type { Envelopes, Session } from "./types";

export const openEnvelope = (secret: string, reason: string) =>
  done<Session>(http.POST("/api/v1/session/break-glass", { body: { secret, reason } }));

export const envelopes = (signal?: AbortSignal) => done<Envelopes>(http.GET("/api/v1/break-glass", { signal }));

export const reviewEnvelope = (id: string, note: string) =>
  done<void>(http.POST("/api/v1/break-glass/{id}/review", { params: { path: { id } }, body: { note } }));
