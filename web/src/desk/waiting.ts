/** What waits for whoever looks: asked for by the rail, for the number there, and by the screen that shows it all. */
import { useQueries, useQuery } from "@tanstack/react-query";
import {
  agreementsQuery,
  approvalsQuery,
  dataRequestsQuery,
  emergenciesQuery,
  pendingGrantsQuery,
  sessionQuery,
} from "../api/queries";
import type { Agreement, Approval, DataRequest, Emergency, GrantRow } from "../api/types";

/** How often it is asked for anew. */
const EVERY_MS = 20_000;

export interface Waiting {
  approvals: readonly Approval[];
  grants: readonly GrantRow[];
  agreements: readonly Agreement[];
  emergencies: readonly Emergency[];
  requests: readonly DataRequest[];
  /** How many in all. */
  count: number;
  /** Whoever looks may not have been told of all. */
  failed: boolean;
}

export function useWaiting(): Waiting {
  const { data: session } = useQuery(sessionQuery);
  const enabled = session != null && session.user.role !== "auditor";
  const how = { enabled, refetchInterval: EVERY_MS } as const;
  const [approvals, grants, agreements, emergencies, requests] = useQueries({
    queries: [
      { ...approvalsQuery, ...how },
      { ...pendingGrantsQuery, ...how },
      { ...agreementsQuery, ...how },
      { ...emergenciesQuery, ...how },
      { ...dataRequestsQuery, ...how },
    ],
  });
  const administers = session?.user.role === "administrator";
  const own = session?.user.display_name;
  const waiting = {
    approvals: (approvals.data ?? []).filter((one) => one.may_answer),
    // Whoever gave it does not agree to it.
    grants: (grants.data ?? []).filter((one) => administers && one.given_by !== own),
    agreements: (agreements.data?.agreements ?? []).filter((one) => one.may_sign),
    emergencies: (emergencies.data ?? []).filter((one) => one.may_review),
    requests: (requests.data ?? []).filter((one) => one.state === "registered" && one.may_decide),
  };
  const count = Object.values(waiting).reduce((sum: number, all) => sum + all.length, 0);
  const failed = [approvals, grants, agreements, emergencies, requests].some((one) => one.isError);
  return { ...waiting, count, failed };
}
