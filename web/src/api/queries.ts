/** What screens ask for again and again, with how long an answer stays good. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { devices, devicesOf, secondFactor, signInWays } from "./account";
import { agreements } from "./agreements";
import { approvals } from "./approvals";
import { envelopes } from "./breakglass";
import { cameras } from "./cameras";
import * as client from "./client";
import { dataRequests } from "./datarequests";
import { emergencies } from "./emergencies";
import { ApiError } from "./error";
import { cameraRights, explanation, grants, personRights, type SightAsked } from "./grants";
import { groups } from "./groups";
import { organisations, sites } from "./organisations";
import { passkeys } from "./passkeys";
import { people } from "./people";
import { permissionSets } from "./permissionsets";
import { policies } from "./policies";
import { streamSecrets } from "./secrets";
import { apiTokens } from "./tokens";
import type { AuditAsked, CameraDetail, CamerasAsked, GrantAction, Role } from "./types";

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

export const signInWaysQuery = queryOptions({
  queryKey: ["sign-in-ways"],
  queryFn: ({ signal }) => signInWays(signal),
  staleTime: 60_000,
});

export const treeQuery = queryOptions({
  queryKey: ["tree"],
  queryFn: ({ signal }) => client.tree(signal),
  refetchInterval: 5_000,
});

/** One page of the cameras that fit. The page before stays while the next is asked for. */
export const camerasQuery = (asked: CamerasAsked, next: number, most: number) =>
  queryOptions({
    queryKey: ["cameras", asked, next, most],
    queryFn: ({ signal }) => cameras(asked, next, most, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
  });

/** All bodies that this person may know of, those that have ended as well. */
export const organisationsQuery = queryOptions({
  queryKey: ["organisations"],
  queryFn: ({ signal }) => organisations(signal),
  staleTime: 10_000,
});

export const sitesQuery = queryOptions({
  queryKey: ["sites"],
  queryFn: ({ signal }) => sites(signal),
  staleTime: 10_000,
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

export const groupsQuery = queryOptions({ queryKey: ["groups"], queryFn: ({ signal }) => groups(signal) });

/** What reaches whoever asks, and what they gave on: never more than a page. */
export const grantsQuery = queryOptions({
  queryKey: ["grants"],
  queryFn: async ({ signal }) => (await grants({ most: 1000 }, signal)).grants,
});

/** The latest of all that was given, or of what fits the words. */
export const givenQuery = (q: string, most: number) =>
  queryOptions({
    queryKey: ["grants", "given", q, most],
    queryFn: ({ signal }) => grants({ most, ...(q && { q }) }, signal),
    placeholderData: keepPreviousData,
  });

/** What waits for a second person to agree. */
export const pendingGrantsQuery = queryOptions({
  queryKey: ["grants", "pending"],
  queryFn: async ({ signal }) => (await grants({ pending: true, most: 1000 }, signal)).grants,
});

export const permissionSetsQuery = queryOptions({
  queryKey: ["permission-sets"],
  queryFn: ({ signal }) => permissionSets(signal),
});

export const agreementsQuery = queryOptions({
  queryKey: ["agreements"],
  queryFn: ({ signal }) => agreements(signal),
});

export const approvalsQuery = queryOptions({ queryKey: ["approvals"], queryFn: ({ signal }) => approvals(signal) });

export const emergenciesQuery = queryOptions({
  queryKey: ["emergencies"],
  queryFn: ({ signal }) => emergencies(signal),
});

export const dataRequestsQuery = queryOptions({
  queryKey: ["data-requests"],
  queryFn: ({ signal }) => dataRequests(signal),
});

export const envelopesQuery = queryOptions({
  queryKey: ["break-glass"],
  queryFn: ({ signal }) => envelopes(signal),
  refetchInterval: 20_000,
});

export const policiesQuery = queryOptions({ queryKey: ["policies"], queryFn: ({ signal }) => policies(signal) });

// What follows from grants goes stale with them: their keys begin alike.
export const cameraRightsQuery = (id: string) =>
  queryOptions({ queryKey: ["grants", "camera", id], queryFn: ({ signal }) => cameraRights(id, signal) });

export const personRightsQuery = (id: string) =>
  queryOptions({ queryKey: ["grants", "person", id], queryFn: ({ signal }) => personRights(id, signal) });

export const explanationQuery = (person: string, camera: string, action: GrantAction, sight: SightAsked) =>
  queryOptions({
    queryKey: ["grants", "why", person, camera, action, sight],
    queryFn: ({ signal }) => explanation({ person, camera, action }, sight, signal),
  });

export const secondFactorQuery = queryOptions({
  queryKey: ["second-factor"],
  queryFn: ({ signal }) => secondFactor(signal),
});

export const passkeysQuery = queryOptions({ queryKey: ["passkeys"], queryFn: ({ signal }) => passkeys(signal) });

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
export const timelinesQuery = (ids: readonly string[], role: Role, fromUs: number, toUs: number, moving: boolean) => {
  // A wall that is arranged anew is the same question.
  const cameras = [...new Set(ids)].sort();
  return queryOptions({
    queryKey: ["timelines", cameras, role, fromUs, toUs],
    queryFn: ({ signal }) => client.timelines(cameras, role, fromUs, toUs, signal),
    enabled: cameras.length > 0,
    staleTime: moving ? 3_000 : 60_000,
    refetchInterval: moving ? 4_000 : false,
    placeholderData: keepPreviousData,
  });
};
