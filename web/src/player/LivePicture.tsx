/**
 * The live picture of one camera. When the tile asks for the other stream, the
 * picture that is there stays until the first one of the new stream stands
 * behind it: a change of size is never a black moment.
 */
import { useEffect, useRef, useState } from "react";
import { useMedia } from "./context";
import { type LiveSnapshot, LiveView } from "./live";
import type { Role } from "./protocol";

interface Props {
  camera: string;
  role: Role;
  /** What the tile should say; null while there is nothing to say yet. */
  onSnapshot: (snapshot: LiveSnapshot) => void;
  /** Wall time of each frame shown; called often, outside React. */
  onShown: (wallUs: number) => void;
  /** Changed to ask again after a refusal. */
  attempt: number;
}

interface Layer {
  key: number;
  role: Role;
}

export function LivePicture({ camera, role, onSnapshot, onShown, attempt }: Props) {
  const [layers, setLayers] = useState<Layer[]>([{ key: 0, role }]);
  const newest = layers.at(-1)!;
  if (newest.role !== role) {
    // Back to the stream that still plays: the one on its way is let go.
    const still = layers.find((layer) => layer.role === role);
    setLayers(still ? [still] : [layers[0]!, { key: newest.key + 1, role }]);
  }
  return layers.map((layer, i) => (
    <LiveLayer
      key={layer.key}
      camera={camera}
      role={layer.role}
      attempt={attempt}
      // The first layer is what people see, until the second has a picture and becomes the first.
      onSnapshot={i === 0 ? onSnapshot : null}
      onShown={i === 0 ? onShown : null}
      onStarted={() => setLayers((all) => (all.at(-1)?.key === layer.key ? [layer] : all))}
      behind={i > 0}
    />
  ));
}

interface LayerProps {
  camera: string;
  role: Role;
  attempt: number;
  behind: boolean;
  onSnapshot: ((snapshot: LiveSnapshot) => void) | null;
  onShown: ((wallUs: number) => void) | null;
  onStarted: () => void;
}

function LiveLayer({ camera, role, attempt, behind, onSnapshot, onShown, onStarted }: LayerProps) {
  const socket = useMedia();
  const video = useRef<HTMLVideoElement>(null);
  const told = useRef({ onSnapshot, onShown, onStarted });
  told.current = { onSnapshot, onShown, onStarted };
  const live = useRef<LiveView | null>(null);

  useEffect(() => {
    const view = new LiveView(socket, video.current!, camera, role);
    live.current = view;
    let started = false;
    view.onShown = (wallUs) => {
      told.current.onShown?.(wallUs);
      if (started) return;
      started = true;
      told.current.onStarted();
    };
    const tell = () => told.current.onSnapshot?.(view.snapshot.get());
    const unwatch = view.snapshot.watch(tell);
    tell();
    return () => {
      unwatch();
      view.close();
      live.current = null;
    };
  }, [socket, camera, role]);

  // A layer that came to the front tells at once what it is.
  useEffect(() => {
    if (!behind && live.current) told.current.onSnapshot?.(live.current.snapshot.get());
  }, [behind]);

  const asked = useRef(attempt);
  useEffect(() => {
    if (asked.current === attempt) return;
    asked.current = attempt;
    live.current?.again();
  }, [attempt]);

  return (
    <video
      ref={video}
      className={behind ? "pic behind" : "pic"}
      muted
      playsInline
      disablePictureInPicture
      tabIndex={-1}
    />
  );
}
