/** Exports that wait for a second person: asked for, listed, answered. */
import { done, http } from "./client";
import type { Approval, ApprovalAsked } from "./types";

export const approvals = async (signal?: AbortSignal) =>
  (await done<{ approvals: Approval[] }>(http.GET("/api/v1/approvals", { signal }))).approvals;

export const askApproval = (body: ApprovalAsked) => done<Approval>(http.POST("/api/v1/approvals", { body }));

export const answerApproval = (id: string, approved: boolean, note: string) =>
  done<Approval>(http.POST("/api/v1/approvals/{id}/answer", { params: { path: { id } }, body: { approved, note } }));
