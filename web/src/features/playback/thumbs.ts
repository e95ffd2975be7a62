/** The small pictures of this screen, with the token that they need; and how a part of it wants one. */
import { createContext, useContext, useEffect, useRef, useState } from "react";
import { thumbnail } from "../../api/watching";
import { serverNowUs } from "../../lib/serverclock";
import { createStore, useStore } from "../../lib/store";
import type { MediaSocket } from "../../player/socket";
import { type Thumb, Thumbs } from "../../player/thumbs";
import type { Reason } from "../../player/tokens";

const HEIGHT = 180;

/** Null while nobody said why they look back, and where the server makes none. */
export const ThumbsContext = createContext<Thumbs | null>(null);
const NONE = createStore<"ok" | "no_worker">("ok");

/** `worker`: whether the server has what makes them; it is not asked where it has not. */
export function makeThumbs(socket: MediaSocket, reason: Reason, worker: boolean): Thumbs {
  const thumbs = new Thumbs({
    async get(camera, atUs, signal) {
      const { token } = await socket.tokens.get({ camera, action: "playback", reason });
      return await thumbnail(camera, atUs, HEIGHT, token, signal);
    },
    makeUrl: (picture) => URL.createObjectURL(picture),
    dropUrl: (url) => URL.revokeObjectURL(url),
    nowUs: serverNowUs,
  });
  if (!worker) thumbs.state.set("no_worker");
  return thumbs;
}

/**
 * Returns the picture of a moment once it is here. The last one stays until
 * then, so that a hand that moves sees no holes; null where there is none.
 */
export function useThumb(camera: string | null, us: number | null, afterMs: number): Thumb | null {
  const thumbs = useContext(ThumbsContext);
  const [found, setFound] = useState<{ camera: string; thumb: Thumb | null } | null>(null);
  const second = us === null ? null : Math.floor(us / 1e6);
  // Where the hand is by the time that it is asked: a recording may begin within this second.
  const moment = useRef(us);
  moment.current = us;
  useEffect(() => {
    if (!thumbs || camera === null || second === null) {
      setFound(null);
      return;
    }
    const take = (thumb: Thumb | null) => setFound({ camera, thumb });
    const kept = thumbs.peek(camera, moment.current ?? second * 1e6);
    if (kept !== undefined) {
      take(kept);
      return;
    }
    let off: (() => void) | null = null;
    const timer = setTimeout(() => {
      off = thumbs.want(camera, moment.current ?? second * 1e6, take);
    }, afterMs);
    return () => {
      clearTimeout(timer);
      off?.();
    };
  }, [thumbs, camera, second, afterMs]);
  // Never another camera's.
  return found && found.camera === camera ? found.thumb : null;
}

/** Whether the server has nothing to make such pictures with. */
export function useNoThumbs(): boolean {
  const thumbs = useContext(ThumbsContext);
  return useStore(thumbs?.state ?? NONE) === "no_worker";
}
