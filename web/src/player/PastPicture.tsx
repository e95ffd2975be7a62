/** The past of one camera at the cursor of a deck. */
import { useEffect, useRef } from "react";
import { useMedia } from "./context";
import type { Deck } from "./deck";
import { type PastSnapshot, PastView } from "./pastview";
import type { Role } from "./protocol";

interface Props {
  deck: Deck;
  camera: string;
  role: Role;
  purpose: string;
  onSnapshot: (snapshot: PastSnapshot) => void;
  /** Wall time of each frame shown; called often, outside React. */
  onShown: (wallUs: number) => void;
}

export function PastPicture({ deck, camera, role, purpose, onSnapshot, onShown }: Props) {
  const socket = useMedia();
  const video = useRef<HTMLVideoElement>(null);
  const told = useRef({ onSnapshot, onShown });
  told.current = { onSnapshot, onShown };

  useEffect(() => {
    const view = new PastView(socket, video.current!, { camera, action: "playback", purpose }, role);
    view.onShown = (wallUs) => told.current.onShown(wallUs);
    const tell = () => told.current.onSnapshot(view.snapshot.get());
    const unwatch = view.snapshot.watch(tell);
    tell();
    const remove = deck.add(camera, view);
    return () => {
      remove();
      unwatch();
      view.close();
    };
  }, [socket, deck, camera, role, purpose]);

  return <video ref={video} className="pic" muted playsInline disablePictureInPicture tabIndex={-1} />;
}
