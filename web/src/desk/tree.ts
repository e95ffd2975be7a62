/**
 * The resource tree as rows: organisations, their sites, their cameras; with a
 * filter, only the branches that lead to what was looked for. Pure.
 */
import type { CameraRow, Tree } from "../api/types";
import { compare, fold } from "../lib/fold";

export type TreeRow =
  | { kind: "organisation" | "site"; id: string; name: string; depth: number; cameras: string[]; open: boolean }
  | { kind: "camera"; id: string; name: string; depth: number; camera: CameraRow };

/** Returns the rows to show. `closed` holds the ids of closed branches; a filter opens all. */
export function treeRows(tree: Tree, closed: ReadonlySet<string>, filter: string): TreeRow[] {
  const wanted = fold(filter);
  const rows: TreeRow[] = [];

  const camerasOf = (site: string) => tree.cameras.filter((c) => c.site === site).sort((a, b) => a.number - b.number);
  const matches = (camera: CameraRow, above: string) =>
    wanted === "" || fold(`${camera.number} ${camera.name} ${camera.make ?? ""} ${above}`).includes(wanted);

  const addSites = (organisation: string, depth: number, above: string): { rows: TreeRow[]; cameras: string[] } => {
    const out: TreeRow[] = [];
    const all: string[] = [];
    for (const site of tree.sites.filter((s) => s.organisation === organisation).sort(byName)) {
      const cameras = camerasOf(site.id).filter((c) => matches(c, `${above} ${site.name}`));
      if (cameras.length === 0 && wanted !== "") continue;
      const open = wanted !== "" || !closed.has(site.id);
      out.push({ kind: "site", id: site.id, name: site.name, depth, cameras: cameras.map((c) => c.id), open });
      all.push(...cameras.map((c) => c.id));
      if (open)
        for (const camera of cameras)
          out.push({ kind: "camera", id: camera.id, name: camera.name, depth: depth + 1, camera });
    }
    return { rows: out, cameras: all };
  };

  const addOrganisations = (
    parent: string | null,
    depth: number,
    above: string,
  ): { rows: TreeRow[]; cameras: string[] } => {
    const out: TreeRow[] = [];
    const all: string[] = [];
    for (const organisation of tree.organisations
      .filter((o) => parentOf(tree, o.parent ?? null) === parent)
      .sort(byName)) {
      const path = `${above} ${organisation.name}`;
      const below = addOrganisations(organisation.id, depth + 1, path);
      const sites = addSites(organisation.id, depth + 1, path);
      const cameras = [...below.cameras, ...sites.cameras];
      // The city has hundreds of bodies on which nothing hangs yet.
      if (cameras.length === 0 && (wanted !== "" || below.rows.length + sites.rows.length === 0)) continue;
      const open = wanted !== "" || !closed.has(organisation.id);
      out.push({ kind: "organisation", id: organisation.id, name: organisation.name, depth, cameras, open });
      if (open) out.push(...below.rows, ...sites.rows);
      all.push(...cameras);
    }
    return { rows: out, cameras: all };
  };

  rows.push(...addOrganisations(null, 0, "").rows);
  return rows;
}

const byName = (a: { name: string }, b: { name: string }) => compare(a.name, b.name);

/** A parent that one may not see counts as none, so that nothing is left without a root. */
function parentOf(tree: Tree, parent: string | null): string | null {
  return tree.organisations.some((o) => o.id === parent) ? parent : null;
}
