/** What is dragged onto tiles: cameras out of the tree, or another tile. */
import type { DragEvent } from "react";

const CAMERAS = "application/x-khue-cameras";
const TILE = "application/x-khue-tile";

export type Dragged = { kind: "cameras"; cameras: string[] } | { kind: "tile"; index: number };

export function dragCameras(event: DragEvent, cameras: string[]): void {
  event.dataTransfer.setData(CAMERAS, JSON.stringify(cameras));
  event.dataTransfer.effectAllowed = "copyMove";
}

export function dragTile(event: DragEvent, index: number): void {
  event.dataTransfer.setData(TILE, String(index));
  event.dataTransfer.effectAllowed = "move";
}

/** Whether something of ours is over a tile; what it is can be read only when it is dropped. */
export function isOurs(event: DragEvent): boolean {
  return event.dataTransfer.types.includes(CAMERAS) || event.dataTransfer.types.includes(TILE);
}

export function dropped(event: DragEvent): Dragged | null {
  const tile = event.dataTransfer.getData(TILE);
  if (tile !== "") return { kind: "tile", index: Number(tile) };
  try {
    const cameras: unknown = JSON.parse(event.dataTransfer.getData(CAMERAS));
    return Array.isArray(cameras) ? { kind: "cameras", cameras: cameras.filter((c) => typeof c === "string") } : null;
  } catch {
    return null;
  }
}
