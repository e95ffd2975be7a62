/**
 * The ways to watch beside the media socket: small pictures, WHEP, HLS. What
 * opens them is a media token.
 */
import { json, plain } from "./client";
import type { Role, Thumbnail } from "./types";

export async function thumbnail(
  camera: string,
  atUs: number,
  height: number,
  token: string,
  signal?: AbortSignal,
): Promise<Thumbnail> {
  const query = new URLSearchParams({ at_us: String(Math.round(atUs)), height: String(height) });
  const path = `/cameras/${encodeURIComponent(camera)}/thumbnail?${query}`;
  const response = await plain("GET", path, { bearer: token, signal });
  const wallUs = Number(response.headers.get("x-khue-wall-us") ?? Number.NaN);
  return { picture: await response.blob(), wallUs: Number.isFinite(wallUs) ? wallUs : atUs };
}

export interface WhepAnswer {
  sdp: string;
  /** Path of what was opened, below `/api/v1`. */
  path: string;
}

export async function openWhep(role: Role, offer: string, token: string, signal?: AbortSignal): Promise<WhepAnswer> {
  const body = { type: "application/sdp", text: offer };
  const response = await plain("POST", `/whep?role=${role}`, { bearer: token, body, signal });
  const location = new URL(response.headers.get("location") ?? "", window.location.origin);
  return { sdp: await response.text(), path: location.pathname.replace(/^\/api\/v1/, "") };
}

export async function renewWhep(path: string, token: string): Promise<void> {
  await plain("PUT", `${path}/token`, { bearer: token, body: { type: "text/plain", text: token } });
}

export async function closeWhep(path: string, token: string): Promise<void> {
  await plain("DELETE", path, { bearer: token, keepalive: true });
}

export interface HlsAnswer {
  id: string;
  url: string;
}

export async function openHls(role: Role, token: string, signal?: AbortSignal): Promise<HlsAnswer> {
  const response = await plain("POST", "/hls", { body: json({ token, role }), signal });
  return (await response.json()) as HlsAnswer;
}

export async function renewHls(id: string, token: string): Promise<void> {
  await plain("PUT", `/hls/${encodeURIComponent(id)}/token`, { body: json({ token }) });
}

export async function closeHls(id: string): Promise<void> {
  await plain("DELETE", `/hls/${encodeURIComponent(id)}`, { keepalive: true });
}
