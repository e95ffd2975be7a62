/** Names and passwords for RTSP out of a camera: one's own, each told once. */
import { json, plain } from "./client";
import type { SecretAnswer, SecretAsked, StreamSecret } from "./types";

export async function streamSecrets(signal?: AbortSignal): Promise<StreamSecret[]> {
  const response = await plain("GET", "/stream-secrets", { signal });
  return ((await response.json()) as { secrets: StreamSecret[] }).secrets;
}

export async function makeStreamSecret(body: SecretAsked): Promise<SecretAnswer> {
  const response = await plain("POST", "/stream-secrets", { body: json(body) });
  return (await response.json()) as SecretAnswer;
}

export async function revokeStreamSecret(id: string): Promise<void> {
  await plain("DELETE", `/stream-secrets/${encodeURIComponent(id)}`);
}
