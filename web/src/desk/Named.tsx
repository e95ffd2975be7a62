/** Things that an answer names by their ids, by the names that people know: cameras, bodies, what somebody was given. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";
import { organisationsQuery, treeQuery } from "../api/queries";
import type { GrantAction, GrantPurpose, Scope } from "../api/types";
import { ACTIONS, PURPOSES } from "./grantwords";

export function CameraName({ id }: { id: string }) {
  const { data: tree } = useQuery(treeQuery);
  const camera = tree?.cameras.find((one) => one.id === id);
  return camera ? `${camera.number} · ${camera.name}` : <Trans>camera bạn không thấy</Trans>;
}

export function CameraNames({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return <Trans>camera bạn không thấy</Trans>;
  return ids.map((id, i) => (
    <Fragment key={id}>
      {i > 0 && ", "}
      <CameraName id={id} />
    </Fragment>
  ));
}

export function BodyName({ id }: { id: string }) {
  const { data: bodies } = useQuery(organisationsQuery);
  return bodies?.find((one) => one.id === id)?.name ?? <Trans>một đơn vị</Trans>;
}

/** With which cameras, in words. */
export function ScopeWords({ scope }: { scope: Scope }): ReactNode {
  const { data: tree } = useQuery(treeQuery);
  switch (scope.kind) {
    case "all":
      return <Trans>mọi camera</Trans>;
    case "organisation":
      return (
        <Trans>
          camera của <BodyName id={scope.id} />
        </Trans>
      );
    case "site": {
      const site = tree?.sites.find((one) => one.id === scope.id)?.name ?? "…";
      return <Trans>camera tại {site}</Trans>;
    }
    case "cameras":
      return <CameraNames ids={scope.id} />;
  }
}

export function ActionWords({ actions }: { actions: readonly GrantAction[] }) {
  const { t } = useLingui();
  const names = ACTIONS.filter(([action]) => actions.includes(action)).map(([, words]) => t(words));
  return names.join(", ");
}

export function PurposeWords({ purposes }: { purposes: readonly GrantPurpose[] }) {
  const { t } = useLingui();
  const names = PURPOSES.filter(([purpose]) => purposes.includes(purpose)).map(([, words]) => t(words));
  return names.join(", ");
}
