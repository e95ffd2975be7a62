/** What screens ask for again and again, with how long an answer stays good. */
import { infiniteQueryOptions, MutationCache, QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";
import { devices, devicesOf, secondFactor } from "./account";
import * as client from "./client";
import { ApiError } from "./error";
import { cameraRights, explanation, grants, personRights } from "./grants";
import { people } from "./people";
import { streamSecrets } from "./secrets";
import { apiTokens } from "./tokens";
import type { AuditAsked, CameraDetail, GrantAction, Role } from "./types";

/** Whoever hears that the sign-in is over asks who is signed in; the gate then stands where it should. */
function onRefusal(error: Error): void {
  if (!(error instanceof ApiError)) return;
  if (["signed_out", "must_choose_password", "second_factor_asked", "must_set_second_factor"].includes(error.code))
    void queryClient.invalidateQueries({ queryKey: ["session"] });
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: onRefusal }),
  mutationCache: new MutationCache({ onError: onRefusal }),
  defaultOptions: {
    queries: {
      // A code says what is wrong; asking again helps only where nobody answered.
      retry: (count, error) => error instanceof ApiError && error.code === "offline" && count < 2,
      refetchOnWindowFocus: true,
      staleTime: 2_000,
    },
  },
});

export const sessionQuery = queryOptions({ queryKey: ["session"], queryFn: () => client.session(), staleTime: 60_000 });

export const treeQuery = queryOptions({
  queryKey: ["tree"],
  queryFn: ({ signal }) => client.tree(signal),
  refetchInterval: 5_000,
});

export const cameraQuery = (id: string) =>
  queryOptions({ queryKey: ["camera", id], queryFn: ({ signal }) => client.camera(id, signal) });

/** How far the camera's clock is ahead of the server's; null until it has said. */
export const clockOffsetQuery = (id: string) =>
  queryOptions({
    ...cameraQuery(id),
    select: (camera: CameraDetail) => camera.clock_offset_us ?? null,
    refetchInterval: 10_000,
  });

export const holdsQuery = queryOptions({ queryKey: ["holds"], queryFn: ({ signal }) => client.holds(signal) });

/** The newest first; each page says where the next begins. */
export const auditQuery = (asked: AuditAsked) =>
  infiniteQueryOptions({
    queryKey: ["audit", asked],
    queryFn: ({ signal, pageParam }) => client.audit(pageParam ? { ...asked, next: pageParam } : asked, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    // Asking is an entry itself: what is read stays as it is until somebody asks anew.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });

export const peopleQuery = queryOptions({ queryKey: ["people"], queryFn: ({ signal }) => people(signal) });

export const grantsQuery = queryOptions({ queryKey: ["grants"], queryFn: ({ signal }) => grants(signal) });

// What follows from grants goes stale with them: their keys begin alike.
export const cameraRightsQuery = (id: string) =>
  queryOptions({ queryKey: ["grants", "camera", id], queryFn: ({ signal }) => cameraRights(id, signal) });

export const personRightsQuery = (id: string) =>
  queryOptions({ queryKey: ["grants", "person", id], queryFn: ({ signal }) => personRights(id, signal) });

export const explanationQuery = (person: string, camera: string, action: GrantAction) =>
  queryOptions({
    queryKey: ["grants", "why", person, camera, action],
    queryFn: ({ signal }) => explanation({ person, camera, action }, signal),
  });
export const secondFactorQuery = queryOptions({
  queryKey: ["second-factor"],
  queryFn: ({ signal }) => secondFactor(signal),
});

export const devicesQuery = queryOptions({ queryKey: ["devices"], queryFn: ({ signal }) => devices(signal) });

export const devicesOfQuery = (id: string) =>
  queryOptions({ queryKey: ["devices", id], queryFn: ({ signal }) => devicesOf(id, signal) });

export const apiTokensQuery = queryOptions({ queryKey: ["api-tokens"], queryFn: ({ signal }) => apiTokens(signal) });

export const streamSecretsQuery = queryOptions({
  queryKey: ["stream-secrets"],
  queryFn: ({ signal }) => streamSecrets(signal),
});

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => client.status(signal),
  refetchInterval: 10_000,
});

/** `moving`: the stretch reaches the present, so it grows. */
export const timelineQuery = (id: string, role: Role, fromUs: number, toUs: number, moving: boolean) =>
  queryOptions({
    queryKey: ["timeline", id, role, fromUs, toUs],
    queryFn: ({ signal }) => client.timeline(id, role, fromUs, toUs, signal),
    staleTime: moving ? 3_000 : 60_000,
    refetchInterval: moving ? 4_000 : false,
  });
