/**
 * The last seconds of a live tile, in its own place: plays from fifteen
 * seconds ago, first as it was, then at twice the speed until it has caught up
 * with the present, and gives the tile back to live. Nothing is skipped.
 */
import { Trans, useLingui } from "@lingui/react/macro";
import { Loader, Lock, Radio, VideoOff } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { CameraRow } from "../../api/types";
import { useChoosing } from "../../desk/choosing";
import { reason as reasonStore } from "../../desk/memory";
import { NothingPlays } from "../../desk/NothingPlays";
import { type Asks, PurposeDialog } from "../../desk/PurposeDialog";
import { TileWords } from "../../desk/Tile";
import { gapWords, refusalWords } from "../../desk/words";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { SECOND_US } from "../../lib/time";
import { Deck } from "../../player/deck";
import { PastPicture } from "../../player/PastPicture";
import { PastSoundTrack } from "../../player/PastSoundTrack";
import type { PastSnapshot } from "../../player/pastview";
import { useKeys } from "../../ui/keys";
import { toast } from "../../ui/toast";

const BACK_US = 15 * SECOND_US;
const NO_REASON = { purpose: "", case: null };
/** What is recorded ends this far before now: a group of pictures is written whole. */
const EDGE_US = 3 * SECOND_US;

export interface Replaying {
  /** Where it began, or null while the tile is live. */
  fromUs: number | null;
  start: () => void;
  stop: () => void;
  /** The rules ask for a case: asks for it, and begins anew. */
  askCase: () => void;
  /** The question for a purpose or a case, where that was not said yet. */
  dialog: React.ReactNode;
}

/** `keys`: whether keys go to this tile. */
export function useReplay(camera: CameraRow, keys: boolean): Replaying {
  const [fromUs, setFromUs] = useState<number | null>(null);
  const [asks, setAsks] = useState<Asks | null>(null);
  const able = camera.may.playback;
  const begin = () => setFromUs(serverNowUs() - BACK_US);
  const start = () => (reasonStore.get() === null ? setAsks("purpose") : begin());
  const stop = () => setFromUs(null);
  useKeys(keys && able ? { r: start, ...(fromUs !== null && { l: stop }) } : {});
  const dialog = asks && (
    <PurposeDialog
      asks={asks}
      onClose={() => setAsks(null)}
      onChosen={() => {
        setAsks(null);
        begin();
      }}
    />
  );
  const askCase = () => {
    stop();
    setAsks("playback");
  };
  return { fromUs, start, stop, askCase, dialog };
}

interface Props {
  camera: CameraRow;
  fromUs: number;
  width: number;
  zoomed: boolean;
  /** Whether this tile is the one that is heard. */
  sound: boolean;
  onShown: (wallUs: number) => void;
  onSoundLost: (code: string) => void;
  onCase: () => void;
  onDone: () => void;
}

export function Replay({ camera, fromUs, width, zoomed, sound, onShown, onSoundLost, onCase, onDone }: Props) {
  const { t } = useLingui();
  const deck = useMemo(() => new Deck(fromUs, serverNowUs), [fromUs]);
  const [snapshot, setSnapshot] = useState<PastSnapshot | null>(null);
  const { choice, onFailed, onAgain, onSub } = useChoosing({
    camera,
    kind: "past",
    width,
    asked: zoomed ? "zoomed" : null,
  });
  const seen = useRef(false);
  const gapEndUs = useRef<number | null>(null);
  gapEndUs.current = snapshot?.gap?.toUs ?? null;
  const reason = useStore(reasonStore) ?? NO_REASON;
  const done = useRef(onDone);
  done.current = onDone;

  useEffect(() => {
    const pressedUs = fromUs + BACK_US;
    deck.lead(camera.id);
    deck.nextFootage = () => gapEndUs.current;
    deck.start();
    deck.play();
    const unwatch = deck.state.watch(() => {
      const { cursorUs, rate } = deck.state.get();
      if (rate === 1 && cursorUs >= pressedUs) deck.setRate(2);
      if (cursorUs > serverNowUs() - EDGE_US) done.current();
    });
    return () => {
      unwatch();
      deck.stop();
    };
  }, [deck, fromUs, camera.id]);

  const kind = snapshot?.kind;
  useEffect(() => {
    if (kind === "frame") seen.current = true;
    if (kind !== "end") return;
    if (!seen.current) toast(t`Không có hình đã ghi của 15 giây trước.`);
    done.current();
  }, [kind, t]);

  return (
    <div className="replay">
      {choice.kind === "play" ? (
        <PastPicture
          deck={deck}
          camera={camera.id}
          stream={choice.plan}
          reason={reason}
          onSnapshot={setSnapshot}
          onShown={onShown}
          onFailed={(stream, code, codec) => onFailed({ way: "mse", ...stream }, code, codec)}
        />
      ) : (
        <NothingPlays choice={choice} onAgain={onAgain} onSub={onSub} />
      )}
      {sound && <PastSoundTrack deck={deck} camera={camera.id} reason={reason} onLost={onSoundLost} />}
      {choice.kind === "play" && snapshot && <ReplayWords snapshot={snapshot} onCase={onCase} />}
    </div>
  );
}

function ReplayWords({ snapshot, onCase }: { snapshot: PastSnapshot; onCase: () => void }) {
  const { t } = useLingui();
  switch (snapshot.kind) {
    case "loading":
      return (
        <div className="loadingwords">
          <TileWords icon={<Loader />} title={<Trans>Đang lấy hình…</Trans>} over />
        </div>
      );
    case "gap":
      return (
        <TileWords icon={<VideoOff />} title={<Trans>Không ghi được lúc này</Trans>}>
          <span>{t(gapWords(snapshot.gap?.reason ?? ""))}</span>
        </TileWords>
      );
    case "refused":
      return (
        <TileWords icon={<Lock />} title={<Trans>Không xem lại được camera này</Trans>}>
          <span>{t(refusalWords(snapshot.code))}</span>
          {snapshot.code === "case_asked" && (
            <button type="button" className="vbtn" data-act="ask-case" onClick={onCase}>
              <Trans>Nhập số hồ sơ</Trans>
            </button>
          )}
        </TileWords>
      );
    default:
      return null;
  }
}

/** At the right of the tile's bar while it looks back. */
export function BackToLive({ onLive }: { onLive: () => void }) {
  const { t } = useLingui();
  return (
    <button type="button" className="vbtn" data-act="to-live" title={t`Về trực tiếp (L)`} onClick={onLive}>
      <Radio /> <Trans>Về trực tiếp</Trans>
    </button>
  );
}
