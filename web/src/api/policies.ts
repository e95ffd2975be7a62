/** The rules that the system asks by, in versions. */
import { done, http } from "./client";
import type { Policy, PolicyList, PolicyWrite } from "./types";

export const policies = (signal?: AbortSignal) => done<PolicyList>(http.GET("/api/v1/policies", { signal }));

export const layDownPolicy = (body: PolicyWrite) => done<Policy>(http.POST("/api/v1/policies", { body }));
