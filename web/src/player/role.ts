/** Which stream a tile wants: the small one where nobody could see the difference. Pure. */
import type { Role } from "./protocol";

export interface TileSize {
  /** CSS pixels. */
  width: number;
  pixelRatio: number;
}

/** `by_hand`: somebody asked for the sub-stream where the main one would not play. */
export type RoleWhy = "small_tile" | "large_tile" | "only_one" | "zoomed" | "fast" | "by_hand";

export interface Wish {
  role: Role;
  why: RoleWhy;
}

/** Below this many device pixels across, the sub-stream fills the tile. */
const SMALL = 700;
/** A tile that stands at the edge does not change its stream for a few pixels. */
const SLACK = 40;

export function chooseRole(
  size: TileSize,
  has: { main: boolean; sub: boolean },
  last: Role | null,
  asked: "zoomed" | "fast" | "by_hand" | null = null,
): Wish {
  if (!has.sub) return { role: "main", why: "only_one" };
  if (!has.main) return { role: "sub", why: "only_one" };
  if (asked) return { role: asked === "zoomed" ? "main" : "sub", why: asked };
  const pixels = size.width * size.pixelRatio;
  const edge = last === "main" ? SMALL - SLACK : last === "sub" ? SMALL + SLACK : SMALL;
  return pixels < edge ? { role: "sub", why: "small_tile" } : { role: "main", why: "large_tile" };
}
