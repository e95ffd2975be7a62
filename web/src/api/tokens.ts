/** By what programs ask in a person's name: one's own, each told once. */
import { done, http } from "./client";
import type { ApiToken, ApiTokenAnswer, ApiTokenAsked } from "./types";

export const apiTokens = async (signal?: AbortSignal) =>
  (await done<{ tokens: ApiToken[] }>(http.GET("/api/v1/api-tokens", { signal }))).tokens;

export const makeApiToken = (body: ApiTokenAsked) => done<ApiTokenAnswer>(http.POST("/api/v1/api-tokens", { body }));

export const revokeApiToken = (id: string) =>
  done<void>(http.DELETE("/api/v1/api-tokens/{id}", { params: { path: { id } } }));
