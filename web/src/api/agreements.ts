/** Agreements by which one agency lends cameras to another. */
import { done, http } from "./client";
import type { Agreement, AgreementList, AgreementWrite } from "./types";

export const agreements = (signal?: AbortSignal) => done<AgreementList>(http.GET("/api/v1/agreements", { signal }));

export const draftAgreement = (body: AgreementWrite) => done<Agreement>(http.POST("/api/v1/agreements", { body }));

export const signAgreement = (id: string) =>
  done<Agreement>(http.POST("/api/v1/agreements/{id}/signature", { params: { path: { id } } }));

export const endAgreement = (id: string, reason: string) =>
  done<Agreement>(http.POST("/api/v1/agreements/{id}/end", { params: { path: { id } }, body: { reason } }));
