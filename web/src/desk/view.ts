/**
 * A view: which camera stands in which tile, which tile is selected, which one
 * fills the grid. Pure operations; `viewmemory.ts` keeps it for a person.
 *
 * A camera stands in one tile at most: two tiles of one stream would share a
 * channel and show nothing more.
 */

export type Size = 1 | 4 | 9 | 16 | 25;
export const SIZES: readonly Size[] = [1, 4, 9, 16, 25];
const MOST = 25;

export interface View {
  size: Size;
  /** Camera ids by tile; always as many places as the largest grid has, of which the first `size` are shown. */
  tiles: readonly (string | null)[];
  selected: number;
  /** The tile that fills the grid, or null. */
  expanded: number | null;
}

export const EMPTY_VIEW: View = { size: 4, tiles: Array(MOST).fill(null), selected: 0, expanded: null };

/** Puts a camera into a tile; one that stands elsewhere moves, and gives its place to what stood here. */
export function put(view: View, index: number, camera: string): View {
  const tiles = [...view.tiles];
  const from = tiles.indexOf(camera);
  if (from >= 0) tiles[from] = tiles[index] ?? null;
  tiles[index] = camera;
  return { ...view, tiles, selected: index };
}

export function swap(view: View, a: number, b: number): View {
  const tiles = [...view.tiles];
  [tiles[a], tiles[b]] = [tiles[b] ?? null, tiles[a] ?? null];
  return { ...view, tiles, selected: b };
}

export function clear(view: View, index: number): View {
  const tiles = view.tiles.with(index, null);
  return { ...view, tiles, expanded: view.expanded === index ? null : view.expanded };
}

/** Changes the number of tiles. What no longer fits stays remembered for when there is room again. */
export function resize(view: View, size: Size): View {
  return { ...view, size, selected: Math.min(view.selected, size - 1), expanded: null };
}

export function select(view: View, index: number): View {
  if (index < 0 || index >= view.size) return view;
  return { ...view, selected: index, expanded: view.expanded === null ? null : index };
}

export function toggleExpanded(view: View, index: number): View {
  return { ...view, selected: index, expanded: view.expanded === null ? index : null };
}

/** Puts cameras into free tiles in order, the selected one first if it is free; what finds no room is left out. */
export function fill(view: View, cameras: readonly string[]): View {
  let next = view;
  for (const camera of cameras) {
    if (shown(next).includes(camera)) continue;
    const free = freeTile(next);
    if (free === null) break;
    next = { ...put(next, free, camera), selected: view.selected };
  }
  return next;
}

/** Returns where a camera picked in the tree goes: the selected tile, or the first free one if that is taken. */
export function landing(view: View): number {
  return view.tiles[view.selected] === null ? view.selected : (freeTile(view) ?? view.selected);
}

/** Returns the cameras of the tiles that are there. */
export function shown(view: View): (string | null)[] {
  return view.tiles.slice(0, view.size);
}

/** Moves the selection by columns and rows, within the grid. */
export function moveSelection(view: View, dx: number, dy: number): View {
  const side = Math.sqrt(view.size);
  const x = (view.selected % side) + dx;
  const y = Math.floor(view.selected / side) + dy;
  if (x < 0 || x >= side || y < 0 || y >= side) return view;
  return select(view, y * side + x);
}

/** Reads a remembered view; null for what is none. */
export function parseView(value: unknown): View | null {
  if (typeof value !== "object" || value === null) return null;
  const { size, tiles } = value as Record<string, unknown>;
  if (!SIZES.includes(size as Size) || !Array.isArray(tiles)) return null;
  const kept = Array.from({ length: MOST }, (_, i) => (typeof tiles[i] === "string" ? (tiles[i] as string) : null));
  const once = kept.map((camera, i) => (camera !== null && kept.indexOf(camera) !== i ? null : camera));
  return { size: size as Size, tiles: once, selected: 0, expanded: null };
}

function freeTile(view: View): number | null {
  const tiles = shown(view);
  if (tiles[view.selected] === null) return view.selected;
  const free = tiles.indexOf(null);
  return free < 0 ? null : free;
}
