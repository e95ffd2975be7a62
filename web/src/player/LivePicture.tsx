/**
 * The live picture of one camera. When the tile asks for another stream, way
 * or for sound, the picture that is there stays until the first one of the new
 * kind stands behind it: a change of size is never a black moment.
 */
import { useEffect, useRef, useState } from "react";
import type { Plan } from "./choose";
import { useMedia } from "./context";
import { HlsView } from "./hls";
import { type Layer, nextLayers } from "./layers";
import { LiveView } from "./live";
import type { LivePlayer, LiveSnapshot } from "./liveplayer";
import { WhepView } from "./whep";

interface Props {
  camera: string;
  plan: Plan;
  /** Whether its sound is to be heard. */
  sound: boolean;
  /** What the tile should say; null while there is nothing to say yet. */
  onSnapshot: (snapshot: LiveSnapshot) => void;
  /** Wall time of each frame shown; called often, outside React. */
  onShown: (wallUs: number) => void;
  /** A plan will not do, and why. */
  onFailed: (plan: Plan, code: string, codec: string | null) => void;
  /** There is no sound, or no more. */
  onSoundLost: (code: string) => void;
  /** Changed to ask again after a refusal. */
  attempt: number;
}

export function LivePicture({ camera, plan, sound, attempt, onSnapshot, onShown, onFailed, onSoundLost }: Props) {
  const [layers, setLayers] = useState<readonly Layer[]>(() => nextLayers([], { plan, sound }));
  const next = nextLayers(layers, { plan, sound });
  if (next !== layers) setLayers(next);
  return next.map((layer, i) => (
    <LiveLayer
      key={layer.key}
      camera={camera}
      layer={layer}
      attempt={attempt}
      // The first layer is what people see, until the second has a picture and becomes the first.
      onSnapshot={i === 0 ? onSnapshot : null}
      onShown={i === 0 ? onShown : null}
      // What was let go of has nothing more to say.
      onFailed={i === next.length - 1 ? onFailed : null}
      onSoundLost={i === next.length - 1 ? onSoundLost : null}
      onStarted={() => setLayers((all) => (all.at(-1)?.key === layer.key ? [all.at(-1)!] : all))}
      behind={i > 0}
    />
  ));
}

interface LayerProps {
  camera: string;
  layer: Layer;
  attempt: number;
  behind: boolean;
  onSnapshot: ((snapshot: LiveSnapshot) => void) | null;
  onShown: ((wallUs: number) => void) | null;
  onFailed: Props["onFailed"] | null;
  onSoundLost: Props["onSoundLost"] | null;
  onStarted: () => void;
}

function LiveLayer({ camera, layer, attempt, behind, ...events }: LayerProps) {
  const socket = useMedia();
  const video = useRef<HTMLVideoElement>(null);
  const told = useRef(events);
  told.current = events;
  const live = useRef<LivePlayer | null>(null);
  // A layer is of one kind for as long as it lives; its sound may only be let go of.
  const [{ plan, sound }] = useState(layer);

  useEffect(() => {
    const View = { mse: LiveView, whep: WhepView, hls: HlsView }[plan.way];
    const view: LivePlayer = new View(socket, video.current!, camera, plan, sound);
    live.current = view;
    let started = false;
    view.events = {
      shown: (wallUs) => {
        told.current.onShown?.(wallUs);
        if (started) return;
        started = true;
        told.current.onStarted();
      },
      failed: (code, codec) => told.current.onFailed?.(plan, code, codec),
      soundLost: (code) => told.current.onSoundLost?.(code),
    };
    const tell = () => told.current.onSnapshot?.(view.snapshot.get());
    const unwatch = view.snapshot.watch(tell);
    tell();
    return () => {
      unwatch();
      view.close();
      live.current = null;
    };
  }, [socket, camera, plan, sound]);

  useEffect(() => {
    if (!layer.sound) live.current?.dropSound();
  }, [layer.sound]);

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
