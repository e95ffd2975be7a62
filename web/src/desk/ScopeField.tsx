/** Which cameras: all, those of a body, those of a site, or some that are named one by one. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { organisationsQuery, sitesQuery, treeQuery } from "../api/queries";
import type { Scope } from "../api/types";
import { fold } from "../lib/fold";
import { Chooser } from "../ui/Chooser";
import { SelectField } from "../ui/Field";
import { ManyChooser } from "../ui/ManyChooser";
import { bodyChoices, hasEnded, siteChoices } from "./bodies";

export type ScopeKind = Scope["kind"];

/** As it is chosen: nothing is named yet, or what was. */
export interface ChosenScope {
  kind: ScopeKind;
  id: string;
  cameras: string[];
}

export const ALL: ChosenScope = { kind: "all", id: "", cameras: [] };

/** Returns what was chosen as the API takes it; null while something is missing. */
export function scopeOf({ kind, id, cameras }: ChosenScope): Scope | null {
  switch (kind) {
    case "all":
      return { kind };
    case "organisation":
    case "site":
      return id === "" ? null : { kind, id };
    case "cameras":
      return cameras.length === 0 ? null : { kind, id: cameras };
  }
}

interface Props {
  value: ChosenScope;
  /** Whose cameras they are; those of anybody, if not said. */
  owner?: string | undefined;
  error?: ReactNode;
  onChange: (value: ChosenScope) => void;
}

export function ScopeField({ value, owner, error, onChange }: Props) {
  const { t } = useLingui();
  const { data: tree } = useQuery(treeQuery);
  const { data: bodies } = useQuery(organisationsQuery);
  const { data: sites } = useQuery(sitesQuery);
  const living = useMemo(() => bodyChoices(bodies ?? [], (one) => !hasEnded(one)), [bodies]);
  const places = useMemo(() => siteChoices(sites ?? [], bodies ?? []), [sites, bodies]);
  const cameras = useMemo(
    () =>
      (tree?.cameras ?? []).map((one) => ({
        id: one.id,
        text: `${one.number} · ${one.name}`,
        folded: fold(`${one.number} ${one.name}`),
      })),
    [tree],
  );
  const offersAll = owner === undefined;
  return (
    <>
      <SelectField
        label={<Trans>Camera</Trans>}
        error={value.kind === "all" && error}
        name="scope"
        value={value.kind}
        onChange={(event) => onChange({ kind: event.target.value as ScopeKind, id: "", cameras: [] })}
      >
        {offersAll && <option value="all">{t`Mọi camera`}</option>}
        <option value="organisation">{t`Camera của một đơn vị`}</option>
        <option value="site">{t`Camera tại một địa điểm`}</option>
        <option value="cameras">{t`Từng camera`}</option>
      </SelectField>
      {value.kind === "organisation" && (
        <Chooser
          label={<Trans>Camera của đơn vị</Trans>}
          error={error}
          required
          name="scope-organisation"
          value={value.id}
          choices={living}
          onChange={(id) => onChange({ ...value, id })}
        />
      )}
      {value.kind === "site" && (
        <Chooser
          label={<Trans>Địa điểm</Trans>}
          error={error}
          required
          name="scope-site"
          value={value.id}
          choices={places}
          onChange={(id) => onChange({ ...value, id })}
        />
      )}
      {value.kind === "cameras" && (
        <ManyChooser
          label={<Trans>Các camera</Trans>}
          error={error}
          name="scope-cameras"
          choices={cameras}
          value={value.cameras}
          onChange={(ids) => onChange({ ...value, cameras: ids })}
        />
      )}
    </>
  );
}
