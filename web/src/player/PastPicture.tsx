/** The past of one camera at the cursor of a deck. */
import { useEffect, useRef } from "react";
import { useMedia } from "./context";
import type { Deck } from "./deck";
import { type PastSnapshot, type PastStream, PastView } from "./pastview";
import type { Reason } from "./tokens";

interface Props {
  deck: Deck;
  camera: string;
  stream: PastStream;
  /** What it is watched for; another one opens the picture anew. */
  reason: Reason;
  onSnapshot: (snapshot: PastSnapshot) => void;
  /** Wall time of each frame shown; called often, outside React. */
  onShown: (wallUs: number) => void;
  /** This recording, or form of it, will not do. */
  onFailed: (stream: PastStream, code: string, codec: string | null) => void;
}

export function PastPicture({ deck, camera, stream, reason, ...events }: Props) {
  const socket = useMedia();
  const video = useRef<HTMLVideoElement>(null);
  const told = useRef(events);
  told.current = events;
  const { role, form } = stream;

  useEffect(() => {
    const view = new PastView(socket, video.current!, { camera, action: "playback", reason }, { role, form });
    view.onShown = (wallUs) => told.current.onShown(wallUs);
    view.onFailed = (code, codec) => told.current.onFailed({ role, form }, code, codec);
    const tell = () => told.current.onSnapshot(view.snapshot.get());
    const unwatch = view.snapshot.watch(tell);
    tell();
    const remove = deck.add(camera, view);
    return () => {
      remove();
      unwatch();
      view.close();
    };
  }, [socket, deck, camera, role, form, reason]);

  return <video ref={video} className="pic" muted playsInline disablePictureInPicture tabIndex={-1} />;
}
