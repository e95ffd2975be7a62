/** Who there is: the acts of administrators. */
import { done, http } from "./client";
import type { InvitedPerson, PersonPatch, PersonRow, PersonWrite } from "./types";

export const people = async (signal?: AbortSignal) =>
  (await done<{ people: PersonRow[] }>(http.GET("/api/v1/people", { signal }))).people;

export const addPerson = (body: PersonWrite) => done<InvitedPerson>(http.POST("/api/v1/people", { body }));

export const changePerson = (id: string, body: PersonPatch) =>
  done<PersonRow>(http.PATCH("/api/v1/people/{id}", { params: { path: { id } }, body }));

export const removePerson = (id: string) =>
  done<void>(http.DELETE("/api/v1/people/{id}", { params: { path: { id } } }));

export const resetPassword = (id: string) =>
  done<InvitedPerson>(http.POST("/api/v1/people/{id}/one-time-password", { params: { path: { id } } }));
