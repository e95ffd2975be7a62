/** The page's media socket, for the tiles. */
import { createContext, useContext } from "react";
import type { MediaSocket } from "./socket";

export const MediaContext = createContext<MediaSocket | null>(null);

export function useMedia(): MediaSocket {
  const socket = useContext(MediaContext);
  if (!socket) throw new Error("a picture was drawn outside MediaContext");
  return socket;
}
