/** How wide an element is, and whether anybody can see it: off the screen, or in a page that has been hidden for a while, is not seen. */
import { type RefCallback, type RefObject, useCallback, useEffect, useRef, useState } from "react";

/** A page that is hidden for a moment, as when windows are changed, keeps its pictures. */
const HIDDEN_FOR_MS = 20_000;

interface TileSize {
  width: number;
  visible: boolean;
  /** Given to the element; it may come and go. */
  attach: RefCallback<HTMLDivElement>;
  root: RefObject<HTMLDivElement | null>;
}

export function useTileSize(): TileSize {
  const root = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [onScreen, setOnScreen] = useState(true);
  const [pageSeen, setPageSeen] = useState(true);

  const attach = useCallback((element: HTMLDivElement | null) => {
    root.current = element;
    if (!element) return;
    const size = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    const sight = new IntersectionObserver(([entry]) => entry && setOnScreen(entry.isIntersecting));
    size.observe(element);
    sight.observe(element);
    return () => {
      root.current = null;
      size.disconnect();
      sight.disconnect();
    };
  }, []);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const onChange = () => {
      if (timer) clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => setPageSeen(false), HIDDEN_FOR_MS);
      else setPageSeen(true);
    };
    document.addEventListener("visibilitychange", onChange);
    return () => {
      if (timer) clearTimeout(timer);
      document.removeEventListener("visibilitychange", onChange);
    };
  }, []);

  return { width, visible: onScreen && pageSeen, attach, root };
}
