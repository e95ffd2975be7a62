/** The routes, and what stands around all of them. */
// First, so that every other sheet may overrule it.
import "./ui/base.css";

import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
  RouterProvider,
} from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { mediaToken, mediaUrl } from "./api/client";
import { queryClient, sessionQuery } from "./api/queries";
import type { Session } from "./api/types";
import { Frame } from "./desk/Frame";
import { reason, rememberFor } from "./desk/memory";
import { MustSetUp } from "./features/account/MustSetUp";
import { readAsked } from "./features/cameras/asked";
import { Confirmed, cameToConfirm } from "./features/session/OtherWays";
import { ChoosePassword, ProveSecondFactor, SignIn } from "./features/session/SignIn";
import { LivePage } from "./features/wall/LivePage";
import { localNowUs, serverClock } from "./lib/serverclock";
import { MediaContext } from "./player/context";
import { MediaSocket } from "./player/socket";
import { startAppearance } from "./ui/appearance";
import { Broken, ErrorBoundary, NoServer, Waiting } from "./ui/Fallback";
import { Toasts } from "./ui/toast";

const root = createRootRoute({ component: Root, errorComponent: Broken });
const home = createRoute({ getParentRoute: () => root, path: "/", component: Home });
const live = createRoute({ getParentRoute: () => root, path: "/live", component: LivePage });
const playback = createRoute({
  getParentRoute: () => root,
  path: "/playback",
  component: lazyRouteComponent(() => import("./features/playback/PlaybackPage"), "PlaybackPage"),
  validateSearch: (search): { at?: number } => {
    const at = Number(search.at);
    return Number.isSafeInteger(at) && at > 0 ? { at } : {};
  },
});
const cameras = createRoute({
  getParentRoute: () => root,
  path: "/cameras",
  validateSearch: readAsked,
  component: lazyRouteComponent(() => import("./features/cameras/CamerasPage"), "CamerasPage"),
});
const organisations = createRoute({
  getParentRoute: () => root,
  path: "/organisations",
  component: lazyRouteComponent(() => import("./features/organisations/OrganisationsPage"), "OrganisationsPage"),
  validateSearch: (search): { at?: string } => (typeof search.at === "string" ? { at: search.at } : {}),
});
const holds = createRoute({
  getParentRoute: () => root,
  path: "/holds",
  component: lazyRouteComponent(() => import("./features/holds/HoldsPage"), "HoldsPage"),
});
const people = createRoute({
  getParentRoute: () => root,
  path: "/people",
  component: lazyRouteComponent(() => import("./features/people/PeoplePage"), "PeoplePage"),
});
const grants = createRoute({
  getParentRoute: () => root,
  path: "/grants",
  component: lazyRouteComponent(() => import("./features/grants/GrantsPage"), "GrantsPage"),
});
const inbox = createRoute({
  getParentRoute: () => root,
  path: "/inbox",
  component: lazyRouteComponent(() => import("./features/inbox/InboxPage"), "InboxPage"),
});
const groups = createRoute({
  getParentRoute: () => root,
  path: "/groups",
  component: lazyRouteComponent(() => import("./features/groups/GroupsPage"), "GroupsPage"),
});
const permissionSets = createRoute({
  getParentRoute: () => root,
  path: "/permission-sets",
  component: lazyRouteComponent(() => import("./features/permissionsets/PermissionSetsPage"), "PermissionSetsPage"),
});
const agreements = createRoute({
  getParentRoute: () => root,
  path: "/agreements",
  component: lazyRouteComponent(() => import("./features/agreements/AgreementsPage"), "AgreementsPage"),
});
const policies = createRoute({
  getParentRoute: () => root,
  path: "/policies",
  component: lazyRouteComponent(() => import("./features/policies/PoliciesPage"), "PoliciesPage"),
});
const dataRequests = createRoute({
  getParentRoute: () => root,
  path: "/data-requests",
  component: lazyRouteComponent(() => import("./features/datarequests/DataRequestsPage"), "DataRequestsPage"),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  component: lazyRouteComponent(() => import("./features/audit/AuditPage"), "AuditPage"),
});
const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("./features/account/AccountPage"), "AccountPage"),
});
const router = createRouter({
  routeTree: root.addChildren([
    home,
    live,
    playback,
    cameras,
    organisations,
    holds,
    people,
    groups,
    grants,
    permissionSets,
    agreements,
    policies,
    inbox,
    dataRequests,
    audit,
    account,
  ]),
  defaultNotFoundComponent: Home,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** The gate: nobody passes without a session, owing a code, with a one-time password, or without the second factor that is asked of them. */
function Root() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  /** Who is being told their recovery codes. */
  const [told, setTold] = useState<string | null>(null);
  if (cameToConfirm) return <Confirmed />;
  if (session === undefined) return error ? <NoServer onAgain={() => void refetch()} /> : <Waiting />;
  if (session === null) return <SignIn />;
  if (session.user.second_factor === "asked") return <ProveSecondFactor session={session} />;
  if (session.user.must_choose_password) return <ChoosePassword session={session} />;
  const user = session.user.id;
  if (session.user.second_factor === "required" || told === user)
    return <MustSetUp session={session} onCodes={() => setTold(user)} onDone={() => setTold(null)} />;
  return <SignedIn key={session.user.id} session={session} />;
}

function SignedIn({ session }: { session: Session }) {
  const user = session.user.id;
  const media = useMemo(() => {
    rememberFor(user);
    return new MediaSocket({
      url: mediaUrl(),
      askForToken: ({ camera, action, sound, reason: why = reason.get() }) =>
        mediaToken({
          camera,
          actions: sound ? [action, "sound"] : [action],
          ...(why ? { purpose: why.purpose, case: why.case } : {}),
        }),
      clock: serverClock,
      localNowUs,
      // A line that is refused may mean a session that ended.
      onTrouble: () => void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey }),
    });
  }, [user]);
  const operator = session.user.role === "operator";
  useEffect(() => {
    // Who holds no video needs no line for it.
    if (operator) media.start();
    const onOnline = () => media.nudge();
    addEventListener("online", onOnline);
    // What was asked for under another purpose says the wrong one.
    const unwatch = reason.watch(() => media.tokens.clear());
    return () => {
      unwatch();
      removeEventListener("online", onOnline);
      media.shut();
    };
  }, [media, operator]);
  return (
    <MediaContext value={media}>
      <Frame session={session}>
        <ErrorBoundary>
          <Outlet />
        </ErrorBoundary>
      </Frame>
    </MediaContext>
  );
}

function Home() {
  const { data: session } = useQuery(sessionQuery);
  const first = { administrator: "/cameras", operator: "/live", auditor: "/audit" } as const;
  return <Navigate to={first[session?.user.role ?? "operator"]} replace />;
}

startAppearance();
createRoot(document.getElementById("root")!).render(
  <QueryClientProvider client={queryClient}>
    <I18nProvider i18n={i18n}>
      <RouterProvider router={router} />
      <Toasts />
    </I18nProvider>
  </QueryClientProvider>,
);
