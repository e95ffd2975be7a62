/** Who was given what: the acts of administrators. */
import { done, http } from "./client";
import type { CameraRights, Explanation, GrantAction, GrantRow, GrantTerms, PersonRights } from "./types";

export const grants = async (signal?: AbortSignal) =>
  (await done<{ grants: GrantRow[] }>(http.GET("/api/v1/grants", { signal }))).grants;

export const giveGrant = (body: GrantTerms) => done<GrantRow>(http.POST("/api/v1/grants", { body }));

export const agreeToGrant = (id: string) =>
  done<GrantRow>(http.POST("/api/v1/grants/{id}/agreement", { params: { path: { id } } }));

export const revokeGrant = (id: string) => done<void>(http.DELETE("/api/v1/grants/{id}", { params: { path: { id } } }));

export const cameraRights = (id: string, signal?: AbortSignal) =>
  done<CameraRights>(http.GET("/api/v1/cameras/{id}/rights", { params: { path: { id } }, signal }));

export const personRights = (id: string, signal?: AbortSignal) =>
  done<PersonRights>(http.GET("/api/v1/people/{id}/rights", { params: { path: { id } }, signal }));

export const explanation = (query: { person: string; camera: string; action: GrantAction }, signal?: AbortSignal) =>
  done<Explanation>(http.GET("/api/v1/explanations", { params: { query }, signal }));
