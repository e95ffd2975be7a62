/** Passkeys: getting in by one, proving oneself by one, and one's own. */
import { makePasskeyOf, usePasskeyOf } from "../lib/passkey";
import { done, http, remember } from "./client";
import type { NewPasskeyChallenge, Passkey, PasskeyAdded, PasskeyChallenge, PasskeyList, Session } from "./types";

const used = async () => usePasskeyOf(await done<PasskeyChallenge>(http.POST("/api/v1/session/passkey/challenge")));

/** Signs in by a passkey; null where nobody used one. */
export async function signInByPasskey(): Promise<Session | null> {
  const body = await used();
  return body && remember(await done<Session>(http.POST("/api/v1/session/passkey", { body })));
}

/** The same after the password. */
export async function proveByPasskey(): Promise<Session | null> {
  const body = await used();
  return body && remember(await done<Session>(http.POST("/api/v1/session/second-factor/passkey", { body })));
}

/** Returns whether somebody confirmed by a passkey that it is still them. */
export async function confirmByPasskey(): Promise<boolean> {
  const body = await used();
  if (body) await done<void>(http.POST("/api/v1/session/confirm/passkey", { body }));
  return body !== null;
}

export const passkeys = (signal?: AbortSignal) => done<PasskeyList>(http.GET("/api/v1/session/passkeys", { signal }));

/** Adds a passkey; null where nobody made one. */
export async function addPasskey(name: string): Promise<PasskeyAdded | null> {
  const challenge = await done<NewPasskeyChallenge>(http.POST("/api/v1/session/passkeys/challenge"));
  const made = await makePasskeyOf(challenge);
  return made && (await done<PasskeyAdded>(http.POST("/api/v1/session/passkeys", { body: { name, ...made } })));
}

export const renamePasskey = (id: string, name: string) =>
  done<Passkey>(http.PATCH("/api/v1/session/passkeys/{id}", { params: { path: { id } }, body: { name } }));

export const removePasskey = (id: string) =>
  done<void>(http.DELETE("/api/v1/session/passkeys/{id}", { params: { path: { id } } }));
