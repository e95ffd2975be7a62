/**
 * What a tile plays: keeps what was found out about its camera, and asks
 * `choose` again after each finding.
 */
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { sessionQuery } from "../api/queries";
import type { CameraRow, Ways } from "../api/types";
import { useStore } from "../lib/store";
import { browser, noteTrouble, prefer, troubles, wayTrouble } from "../player/browser";
import { type Choice, choose, choosePast, type Failure, type Plan, type Streams } from "../player/choose";
import type { Role } from "../player/protocol";
import { chooseRole, type RoleWhy } from "../player/role";
import { isElsewhere } from "../player/tokens";

/** A server that does not say has neither. */
const NEITHER: Ways = { whep: false, worker: false };

interface Choosing {
  choice: Choice;
  /** A plan will not do; `codec` where that is why. */
  onFailed: (plan: Plan, code: string, codec: string | null) => void;
  /** Forgets what failed. */
  onAgain: () => void;
  /** Takes the sub-stream, whatever the tile's size. */
  onSub: () => void;
}

interface Options {
  camera: CameraRow;
  kind: "live" | "past";
  /** CSS pixels; 0 while that is not known. */
  width: number;
  /** What counts more than the size. */
  asked: Extract<RoleWhy, "zoomed" | "fast"> | null;
}

export function useOffer(): Ways {
  return useQuery(sessionQuery).data?.ways ?? NEITHER;
}

export function useChoosing({ camera, kind, width, asked }: Options): Choosing {
  const offer = useOffer();
  const preferred = useStore(prefer);
  const trouble = useStore(wayTrouble);
  const [failed, setFailed] = useState<readonly Failure[]>([]);
  /** What was found out by trying: the tree may not know a camera's codec yet, or the past have another. */
  const [learned, setLearned] = useState<Streams>({});
  const [bySub, setBySub] = useState(false);
  const last = useRef<Role | null>(null);

  const streams: Streams = {};
  for (const { role, codec } of camera.streams) if (role !== "sound") streams[role] = learned[role] ?? codec ?? null;
  // A sub-stream whose address was taken away, or that was never recorded.
  if (failed.some((f) => f.role === "sub" && f.code === "not_found")) delete streams.sub;
  const has = { main: streams.main !== undefined, sub: streams.sub !== undefined };
  const wish = chooseRole({ width, pixelRatio: devicePixelRatio }, has, last.current, bySub ? "by_hand" : asked);
  if (width > 0) last.current = wish.role;

  const all = { wish, streams, browser, offer, failed: kind === "live" ? troubles(failed, trouble) : failed };
  return {
    choice: kind === "live" ? choose({ ...all, prefer: preferred }) : choosePast(all),
    onFailed: (plan, code, codec) => {
      if (codec !== null && plan.form === null) setLearned((known) => ({ ...known, [plan.role]: codec }));
      if (kind === "live") noteTrouble(plan.way, code);
      if (kind === "live" || isElsewhere(code) || (code === "not_found" && plan.role === "sub"))
        setFailed((before) => [...before, { ...plan, code }]);
    },
    onAgain: () => {
      setFailed([]);
      setBySub(false);
      wayTrouble.set(null);
    },
    onSub: () => setBySub(true),
  };
}
