/** Groups of people, to whom rights are given at once: the acts of administrators. */
import { done, http } from "./client";
import type { Group, GroupWrite } from "./types";

export const groups = async (signal?: AbortSignal) =>
  (await done<{ groups: Group[] }>(http.GET("/api/v1/groups", { signal }))).groups;

export const addGroup = (body: GroupWrite) => done<Group>(http.POST("/api/v1/groups", { body }));

export const changeGroup = (id: string, body: GroupWrite) =>
  done<Group>(http.PATCH("/api/v1/groups/{id}", { params: { path: { id } }, body }));

export const removeGroup = (id: string) => done<void>(http.DELETE("/api/v1/groups/{id}", { params: { path: { id } } }));
