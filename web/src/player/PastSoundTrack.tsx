/** The recorded sound of one camera at the cursor of a deck: heard while it plays at the speed of time. */
import { useEffect, useRef } from "react";
import { useMedia } from "./context";
import type { Deck } from "./deck";
import { PastSound } from "./pastsound";
import type { Reason } from "./tokens";

interface Props {
  deck: Deck;
  camera: string;
  reason: Reason;
  onLost: (code: string) => void;
}

export function PastSoundTrack({ deck, camera, reason, onLost }: Props) {
  const socket = useMedia();
  const audio = useRef<HTMLAudioElement>(null);
  const told = useRef(onLost);
  told.current = onLost;

  useEffect(() => {
    const sound = new PastSound(socket, audio.current!, { camera, action: "playback", sound: true, reason });
    sound.onLost = (code) => told.current(code);
    const tick: typeof deck.onTick = (...at) => sound.tick(...at);
    deck.onTick = tick;
    return () => {
      if (deck.onTick === tick) deck.onTick = null;
      sound.close();
    };
  }, [socket, deck, camera, reason]);

  return <audio ref={audio} />;
}
