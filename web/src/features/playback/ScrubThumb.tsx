/**
 * Stands in for a tile's picture while a hand drags the time: the small
 * picture of the cursor's moment, until the real frame is there.
 */
import { type RefObject, useRef } from "react";
import { useStore } from "../../lib/store";
import type { Deck } from "../../player/deck";
import { useThumb } from "./thumbs";

interface Props {
  deck: Deck;
  camera: string;
  /** Whether the tile waits for its picture. */
  loading: boolean;
  /** The tile's root, which says what its picture is of. */
  root: RefObject<HTMLElement | null>;
  /** Told the moment of the small picture that is seen. */
  onShown: (wallUs: number) => void;
}

/** A picture this near the cursor needs no other. */
const NEAR_US = 1_500_000;
/** The server is asked for no more than a hand can look at. */
const AFTER_MS = 40;

export function ScrubThumb({ deck, camera, loading, root, onShown }: Props) {
  const { cursorUs } = useStore(deck.state);
  const scrubbing = useStore(deck.scrubbing);
  const shownUs = Number(root.current?.dataset.wallUs ?? Number.NaN);
  const far = !(Math.abs(shownUs - cursorUs) < NEAR_US);
  const thumb = useThumb(camera, scrubbing || (loading && far) ? cursorUs : null, AFTER_MS);
  const told = useRef(0);
  if (!thumb || !far || Math.abs(thumb.wallUs - cursorUs) > Math.abs(shownUs - cursorUs)) return null;
  if (told.current !== thumb.wallUs) {
    told.current = thumb.wallUs;
    queueMicrotask(() => onShown(thumb.wallUs));
  }
  return <img className="pic scrubthumb" src={thumb.url} alt="" data-thumb-us={thumb.wallUs} />;
}
