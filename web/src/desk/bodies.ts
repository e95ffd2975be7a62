/**
 * Organisations as a tree of any depth: its rows, the way to one, what they are
 * found by. One that has ended stands in it as history, where that is asked for.
 * Pure.
 */
import type { Organisation, SiteDetail } from "../api/types";
import { compare, finds, fold } from "../lib/fold";
import type { Choice } from "../ui/Chooser";

export interface BodyRow {
  body: Organisation;
  depth: number;
  /** How many units stand right under it. */
  units: number;
  open: boolean;
}

interface Wanted {
  /** The bodies that stand otherwise than at first: the highest open, the rest closed. */
  turned: ReadonlySet<string>;
  /** Only what has these words, and the way to it. */
  filter: string;
  /** Those that have ended as well. */
  ended: boolean;
}

export const hasEnded = (body: Organisation) => body.valid_until != null;

/** Returns the rows to show, from the top. */
export function bodyRows(bodies: readonly Organisation[], { turned, filter, ended }: Wanted): BodyRow[] {
  const shown = ended ? bodies : bodies.filter((body) => !hasEnded(body));
  if (filter.trim() === "") return rows(shown, ({ id }, depth) => (depth === 0) !== turned.has(id));
  const way = wayTo(bodies, shown, filter);
  const led = bodies.filter((body) => way.has(body.id));
  return rows(led, () => true);
}

/** Returns how many bodies of a list have these words. */
export function countOf(bodies: readonly Organisation[], filter: string): number {
  return bodies.filter((body) => finds(filter, foldedOf(body))).length;
}

/** Returns the bodies above one, the highest first. */
export function above(bodies: readonly Organisation[], id: string): Organisation[] {
  return aboveIn(new Map(bodies.map((body) => [body.id, body])), id);
}

/** Returns whether one is another or stands below it. */
export function isWithin(bodies: readonly Organisation[], id: string, of: string): boolean {
  return id === of || above(bodies, id).some((body) => body.id === of);
}

/** Returns bodies to choose among, in order of the tree, each with the one that it is a unit of. */
export function bodyChoices(bodies: readonly Organisation[], takes: (body: Organisation) => boolean): Choice[] {
  const names = new Map(bodies.map((body) => [body.id, body.name]));
  return rows(bodies, () => true)
    .filter(({ body }) => takes(body))
    .map(({ body }) => ({
      id: body.id,
      text: body.name,
      more: (body.parent && names.get(body.parent)) || undefined,
      folded: foldedOf(body),
    }));
}

/** Returns wards to choose among, by their codes. */
export function wardChoices(bodies: readonly Organisation[]): Choice[] {
  return bodies
    .filter((body) => body.kind === "ward_committee" && body.code != null && !hasEnded(body))
    .sort(byName)
    .map((body) => ({ id: body.code ?? "", text: body.name, more: body.code ?? "", folded: foldedOf(body) }));
}

/** Returns sites to choose among, each with whose it is. */
export function siteChoices(sites: readonly SiteDetail[], bodies: readonly Organisation[]): Choice[] {
  const byId = new Map(bodies.map((body) => [body.id, body.name]));
  return sites.map((site) => {
    const more = [byId.get(site.organisation), site.address].filter(Boolean).join(" · ");
    return { id: site.id, text: site.name, more, folded: fold(`${site.name} ${more}`) };
  });
}

/** The bodies that have the words, and all above them. */
function wayTo(bodies: readonly Organisation[], among: readonly Organisation[], filter: string): Set<string> {
  const byId = new Map(bodies.map((body) => [body.id, body]));
  const found = among.filter((body) => finds(filter, foldedOf(body)));
  return new Set(found.flatMap((body) => [body, ...aboveIn(byId, body.id)].map(({ id }) => id)));
}

function aboveIn(byId: ReadonlyMap<string, Organisation>, id: string): Organisation[] {
  const way: Organisation[] = [];
  for (let next = byId.get(id)?.parent; next; next = byId.get(next)?.parent) {
    const body = byId.get(next);
    // What another program wrote may go in a circle.
    if (!body || way.includes(body)) break;
    way.unshift(body);
  }
  return way;
}

function rows(bodies: readonly Organisation[], isOpen: (body: Organisation, depth: number) => boolean): BodyRow[] {
  const units = unitsOf(bodies);
  const all: BodyRow[] = [];
  const add = (parent: string | null, depth: number) => {
    for (const body of units.get(parent) ?? []) {
      const open = isOpen(body, depth);
      all.push({ body, depth, units: units.get(body.id)?.length ?? 0, open });
      if (open) add(body.id, depth + 1);
    }
  };
  add(null, 0);
  return all;
}

/** Bodies by the one that they are units of; null for those of none that is there. */
function unitsOf(bodies: readonly Organisation[]): Map<string | null, Organisation[]> {
  const ids = new Set(bodies.map((body) => body.id));
  const units = new Map<string | null, Organisation[]>();
  for (const body of [...bodies].sort(byName)) {
    const parent = body.parent != null && ids.has(body.parent) ? body.parent : null;
    const siblings = units.get(parent) ?? [];
    siblings.push(body);
    units.set(parent, siblings);
  }
  return units;
}

function foldedOf(body: Organisation): string {
  return fold([body.name, body.name_en, body.code, ...body.former_names].join(" "));
}

const byName = (a: Organisation, b: Organisation) => compare(a.name, b.name);
