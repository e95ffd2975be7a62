/**
 * The only place that fetches. Each function is one act of the API; what goes
 * wrong is thrown as an `ApiError` with the code of the API's error form, so
 * that screens choose words by `code` and never by text.
 */
import { localNowUs, serverClock } from "../lib/serverclock";
import type {
  CameraDetail,
  CameraRow,
  CameraWrite,
  ExportAnswer,
  Hold,
  MediaToken,
  ProbeAnswer,
  Role,
  Session,
  Status,
  Timeline,
  Tree,
} from "./types";

export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 where no answer came. */
    readonly status: number,
    /** The code of the error form; `offline` where no answer came. */
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const BASE = "/api/v1";
let csrf = "";

interface Call {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
}

async function call<T>(path: string, { method = "GET", body, signal }: Call = {}): Promise<T> {
  const headers: Record<string, string> = {};
  if (method !== "GET") headers["x-khue-csrf"] = csrf;
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "offline", "no answer from the server");
  }
  if (response.ok) {
    const text = await response.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
  throw await refusal(response);
}

async function refusal(response: Response): Promise<ApiError> {
  let form: Record<string, unknown> = {};
  try {
    form = (await response.json()) as Record<string, unknown>;
  } catch {
    // Something between us and khue answered in its own words.
  }
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return new ApiError(
    response.status,
    text(form.code) ?? `http_${response.status}`,
    text(form.message) ?? response.statusText,
    text(form.field),
    typeof form.retry_after_s === "number" ? form.retry_after_s : null,
  );
}

function remember(session: Session): Session {
  csrf = session.csrf;
  serverClock.guess(session.server_time_us, localNowUs());
  return session;
}

/** Returns who is signed in, or null. */
export async function session(): Promise<Session | null> {
  try {
    return remember(await call<Session>("/session"));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export async function signIn(name: string, password: string): Promise<Session> {
  await call("/session", { method: "POST", body: { name, password } });
  return remember(await call<Session>("/session"));
}

export async function signOut(): Promise<void> {
  await call("/session", { method: "DELETE" });
}

export async function choosePassword(current: string, chosen: string): Promise<Session> {
  await call("/session/password", { method: "PUT", body: { current, new: chosen } });
  return remember(await call<Session>("/session"));
}

export const tree = (signal?: AbortSignal) => call<Tree>("/tree", { signal });

export const status = (signal?: AbortSignal) => call<Status>("/status", { signal });

export const camera = (id: string, signal?: AbortSignal) => call<CameraDetail>(`/cameras/${id}`, { signal });

export const addCamera = (body: CameraWrite) => call<CameraRow>("/cameras", { method: "POST", body });

export const changeCamera = (id: string, body: Partial<CameraWrite>) =>
  call<CameraRow>(`/cameras/${id}`, { method: "PATCH", body });

export const deleteCamera = (id: string) => call<void>(`/cameras/${id}`, { method: "DELETE" });

export const probe = (body: { url: string; user?: string; password?: string }) =>
  call<ProbeAnswer>("/cameras/probe", { method: "POST", body });

export interface TokenWish {
  camera: string;
  actions: ("live" | "playback")[];
  purpose?: string;
}

export const mediaToken = (body: TokenWish) => call<MediaToken>("/media-tokens", { method: "POST", body });

export const timeline = (id: string, role: Role, fromUs: number, toUs: number, signal?: AbortSignal) =>
  call<Timeline>(`/cameras/${id}/timeline?role=${role}&from_us=${Math.floor(fromUs)}&to_us=${Math.ceil(toUs)}`, {
    signal,
  });

export interface ExportWish {
  camera: string;
  role: Role;
  from_us: number;
  to_us: number;
  purpose: string;
}

export const makeExport = (body: ExportWish) => call<ExportAnswer>("/exports", { method: "POST", body });

export const holds = (signal?: AbortSignal) => call<{ holds: Hold[] }>("/holds", { signal });

export const addHold = (body: { camera: string; from_us: number; to_us: number; reason: string }) =>
  call<Hold>("/holds", { method: "POST", body });

export const removeHold = (id: string) => call<void>(`/holds/${id}`, { method: "DELETE" });

/** Where the media socket is. */
export function mediaUrl(): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${BASE}/media`;
}
