/** How wide an element is, and whether anybody can see it: off the screen, or in a page that has been hidden for a while, is not seen. */
import { type RefObject, useEffect, useState } from "react";

/** A page that is hidden for a moment, as when windows are changed, keeps its pictures. */
const HIDDEN_FOR_MS = 20_000;

export function useTileSize(root: RefObject<HTMLElement | null>): { width: number; visible: boolean } {
  const [width, setWidth] = useState(0);
  const [onScreen, setOnScreen] = useState(true);
  const [pageSeen, setPageSeen] = useState(true);

  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const size = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    const sight = new IntersectionObserver(([entry]) => entry && setOnScreen(entry.isIntersecting));
    size.observe(element);
    sight.observe(element);
    return () => {
      size.disconnect();
      sight.disconnect();
    };
  }, [root]);

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

  return { width, visible: onScreen && pageSeen };
}
