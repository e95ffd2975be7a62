/** Which camera is heard. One at a time: two sounds at once are none. */
import { createStore, type Store } from "../lib/store";

export const heard: Store<string | null> = createStore<string | null>(null);

export function toggleHeard(camera: string): void {
  heard.set(heard.get() === camera ? null : camera);
}

/** Ends a camera's sound; another's is left alone. */
export function unhear(camera: string): void {
  if (heard.get() === camera) heard.set(null);
}
