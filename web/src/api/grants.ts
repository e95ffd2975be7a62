/** Who was given what: the acts of administrators. */
import { serverNowUs } from "../lib/serverclock";
import { done, http } from "./client";
import type {
  CameraRights,
  Explanation,
  GrantAction,
  GrantPage,
  GrantRow,
  GrantsAsked,
  GrantTerms,
  PersonRights,
} from "./types";

/** Some of the grants, the latest first. */
export const grants = (query: GrantsAsked, signal?: AbortSignal) =>
  done<GrantPage>(http.GET("/api/v1/grants", { params: { query }, signal }));

export const giveGrant = (body: GrantTerms) => done<GrantRow>(http.POST("/api/v1/grants", { body }));

export const agreeToGrant = (id: string) =>
  done<GrantRow>(http.POST("/api/v1/grants/{id}/agreement", { params: { path: { id } } }));

export const revokeGrant = (id: string) => done<void>(http.DELETE("/api/v1/grants/{id}", { params: { path: { id } } }));

export const cameraRights = (id: string, signal?: AbortSignal) =>
  done<CameraRights>(http.GET("/api/v1/cameras/{id}/rights", { params: { path: { id } }, signal }));

export const personRights = (id: string, signal?: AbortSignal) =>
  done<PersonRights>(http.GET("/api/v1/people/{id}/rights", { params: { path: { id } }, signal }));

/** Which pictures are asked about; null for whichever. */
export interface SightAsked {
  lines: number | null;
  days: number | null;
}

export const explanation = (
  asked: { person: string; camera: string; action: GrantAction },
  { lines, days }: SightAsked,
  signal?: AbortSignal,
) => {
  const from_us = days === null ? null : serverNowUs() - days * 86_400e6;
  const query = { ...asked, ...(lines !== null && { lines }), ...(from_us !== null && { from_us }) };
  return done<Explanation>(http.GET("/api/v1/explanations", { params: { query }, signal }));
};
