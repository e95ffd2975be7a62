/**
 * The only place that fetches. Each function is one act of the API; what goes
 * wrong is thrown as an `ApiError` with the code of the API's error form, so
 * that screens choose words by `code` and never by text.
 */
import createClient from "openapi-fetch";
import { localNowUs, serverClock } from "../lib/serverclock";
import { unattended } from "./attended";
import { fetchConfirmed } from "./confirm";
import { ApiError } from "./error";
import type { components, paths } from "./schema";
import type {
  AuditAsked,
  AuditPage,
  CameraDetail,
  CameraPatch,
  CameraRow,
  CameraWrite,
  ExportAnswer,
  ExportAsked,
  FindAsked,
  FoundDevice,
  Hold,
  HoldWrite,
  MediaToken,
  ProbeAnswer,
  ProbeAsked,
  Role,
  Session,
  Status,
  SurveyAnswer,
  SurveyAsked,
  Timeline,
  TokenAsked,
  Tree,
} from "./types";

let csrf = "";

export const http = createClient<paths>({
  baseUrl: location.origin,
  credentials: "same-origin",
  cache: "no-store",
  fetch: (request) => fetchConfirmed(request),
});
http.use({
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("x-khue-csrf", csrf);
    if (unattended()) request.headers.set("x-khue-unattended", "1");
    return request;
  },
  onError({ error }) {
    // A request that was called off is no fault of the line.
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    return new ApiError(0, "offline", "no answer from the server");
  },
});

/** What openapi-fetch answers; the bodies are as the text of the API says. */
interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** Returns the body, or throws the refusal. */
export async function done<T>(call: Promise<Answer>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  throw refusal(response, error);
}

function refusal(response: Response, error: unknown): ApiError {
  // Where something between us and khue answered, this is no form of ours.
  const form = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return new ApiError(
    response.status,
    text(form.code) ?? `http_${response.status}`,
    text(form.message) ?? response.statusText,
    text(form.field),
    typeof form.retry_after_s === "number" ? form.retry_after_s : null,
  );
}

interface Plain {
  /** A media token, where that opens the route rather than the sign-in alone. */
  bearer?: string;
  body?: { type: string; text: string } | { type: string; bytes: ArrayBuffer };
  signal?: AbortSignal | undefined;
  /** Goes out even while the page is being left. */
  keepalive?: boolean;
  /** Asks once more who one is, where the server wants that, and goes out again. */
  confirmed?: boolean;
}

/** A request that the generated text cannot type: its body or its answer is no JSON, or a token opens it. */
export async function plain(method: string, path: string, { bearer, body, signal, keepalive, confirmed }: Plain = {}) {
  const headers = new Headers();
  if (method !== "GET") headers.set("x-khue-csrf", csrf);
  if (unattended()) headers.set("x-khue-unattended", "1");
  if (bearer !== undefined) headers.set("authorization", `Bearer ${bearer}`);
  if (body) headers.set("content-type", body.type);
  let response: Response;
  try {
    const request = new Request(`/api/v1${path}`, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      ...(body ? { body: "text" in body ? body.text : body.bytes } : {}),
      ...(signal ? { signal } : {}),
      ...(keepalive ? { keepalive } : {}),
    });
    response = await (confirmed ? fetchConfirmed(request) : fetch(request));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "no answer from the server");
  }
  if (response.ok) return response;
  const form: unknown = await response.json().catch(() => null);
  throw refusal(response, form);
}

export const json = (body: unknown) => ({ type: "application/json", text: JSON.stringify(body) });

export function remember(session: Session): Session {
  csrf = session.csrf;
  serverClock.guess(session.server_time_us, localNowUs());
  return session;
}

/** Returns who is signed in, or null. */
export async function session(): Promise<Session | null> {
  try {
    return remember(await done<Session>(http.GET("/api/v1/session")));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export async function signIn(name: string, password: string): Promise<Session> {
  return remember(await done<Session>(http.POST("/api/v1/session", { body: { name, password } })));
}

export async function signOut(): Promise<void> {
  await done(http.DELETE("/api/v1/session"));
}

export async function choosePassword(current: string, chosen: string): Promise<Session> {
  await done(http.PUT("/api/v1/session/password", { body: { current, new: chosen } }));
  return remember(await done<Session>(http.GET("/api/v1/session")));
}

export const tree = (signal?: AbortSignal) => done<Tree>(http.GET("/api/v1/tree", { signal }));

export const audit = (asked: AuditAsked, signal?: AbortSignal) =>
  done<AuditPage>(http.GET("/api/v1/audit", { params: { query: asked }, signal }));

export const status = (signal?: AbortSignal) => done<Status>(http.GET("/api/v1/status", { signal }));

export const camera = (id: string, signal?: AbortSignal) =>
  done<CameraDetail>(http.GET("/api/v1/cameras/{id}", { params: { path: { id } }, signal }));

export const addCamera = (body: CameraWrite) => done<CameraRow>(http.POST("/api/v1/cameras", { body }));

export const changeCamera = (id: string, body: CameraPatch) =>
  done<CameraRow>(http.PATCH("/api/v1/cameras/{id}", { params: { path: { id } }, body }));

export const deleteCamera = (id: string) =>
  done<void>(http.DELETE("/api/v1/cameras/{id}", { params: { path: { id } } }));

export const probe = (body: ProbeAsked) => done<ProbeAnswer>(http.POST("/api/v1/cameras/probe", { body }));

export const survey = (body: SurveyAsked) => done<SurveyAnswer>(http.POST("/api/v1/cameras/survey", { body }));

export const findDevices = (body: FindAsked) => done<FoundDevice[]>(http.POST("/api/v1/cameras/find", { body }));

export const mediaToken = (body: TokenAsked) =>
  done<MediaToken>(http.POST("/api/v1/media-tokens", { body: body as components["schemas"]["TokenAsked"] }));

/** Of several cameras, by id; those that may not be looked back on are left out. */
export const timelines = (
  ids: readonly string[],
  role: Role,
  fromUs: number,
  toUs: number,
  signal?: AbortSignal,
): Promise<Record<string, Timeline>> =>
  done<{ timelines: Record<string, Timeline> }>(
    http.GET("/api/v1/timelines", {
      params: {
        query: { cameras: ids.join(","), role, from_us: Math.floor(fromUs), to_us: Math.ceil(toUs) },
      },
      signal,
    }),
  ).then((answer) => answer.timelines);

export const makeExport = (body: ExportAsked) => done<ExportAnswer>(http.POST("/api/v1/exports", { body }));

export const holds = (signal?: AbortSignal) => done<{ holds: Hold[] }>(http.GET("/api/v1/holds", { signal }));

export const addHold = (body: HoldWrite) => done<Hold>(http.POST("/api/v1/holds", { body }));

export const removeHold = (id: string) => done<void>(http.DELETE("/api/v1/holds/{id}", { params: { path: { id } } }));

/** Where the media socket is. */
export function mediaUrl(): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/media`;
}
