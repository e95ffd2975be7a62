/** Who was given what: the acts of administrators. */
import { done, http } from "./client";
import type { GrantRow, GrantTerms } from "./types";

export const grants = async (signal?: AbortSignal) =>
  (await done<{ grants: GrantRow[] }>(http.GET("/api/v1/grants", { signal }))).grants;

export const giveGrant = (body: GrantTerms) => done<GrantRow>(http.POST("/api/v1/grants", { body }));

export const agreeToGrant = (id: string) =>
  done<GrantRow>(http.POST("/api/v1/grants/{id}/agreement", { params: { path: { id } } }));

export const revokeGrant = (id: string) => done<void>(http.DELETE("/api/v1/grants/{id}", { params: { path: { id } } }));
