/** Sets of permissions, which grants follow: the acts of administrators. */
import { done, http } from "./client";
import type { PermissionSet, PermissionSetWrite } from "./types";

export const permissionSets = async (signal?: AbortSignal) =>
  (await done<{ permission_sets: PermissionSet[] }>(http.GET("/api/v1/permission-sets", { signal }))).permission_sets;

export const addPermissionSet = (body: PermissionSetWrite) =>
  done<PermissionSet>(http.POST("/api/v1/permission-sets", { body }));

export const changePermissionSet = (id: string, body: PermissionSetWrite) =>
  done<PermissionSet>(http.PUT("/api/v1/permission-sets/{id}", { params: { path: { id } }, body }));

export const removePermissionSet = (id: string) =>
  done<void>(http.DELETE("/api/v1/permission-sets/{id}", { params: { path: { id } } }));
