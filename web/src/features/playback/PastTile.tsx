/** One tile of the past: its picture at the cursor, the exact time of that picture, or why there is none. */
import { Trans, useLingui } from "@lingui/react/macro";
import { CirclePlus, Link2, Loader, Lock, Radio, SkipForward, Target, VideoOff } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import type { CameraRow } from "../../api/types";
import { Tile, TileWords } from "../../desk/Tile";
import { TileControls } from "../../desk/TileControls";
import { gapWords, refusalWords } from "../../desk/words";
import { useStore } from "../../lib/store";
import { clock, clockMillis } from "../../lib/time";
import type { Deck } from "../../player/deck";
import { PastPicture } from "../../player/PastPicture";
import type { PastSnapshot } from "../../player/pastview";
import { chooseRole } from "../../player/role";
import { narrow } from "../../ui/appearance";
import { useTileSize } from "../../ui/tilesize";

interface Props {
  index: number;
  camera: CameraRow | null;
  selected: boolean;
  expanded: boolean;
  deck: Deck;
  /** Why this person looks back; null until it was said. */
  purpose: string | null;
  onAskPurpose: () => void;
  onLive: () => void;
}

/** From this speed on the small stream is enough, and the large one too much for a desk's processor. */
const FAST = 4;

export function PastTile({ index, camera, selected, expanded, deck, purpose, onAskPurpose, onLive }: Props) {
  const { t, i18n } = useLingui();
  const time = useRef<HTMLSpanElement>(null);
  const { width, visible, attach, root } = useTileSize();
  const { rate } = useStore(deck.state);
  const phone = useStore(narrow);
  const [snapshot, setSnapshot] = useState<PastSnapshot | null>(null);
  const [subFails, setSubFails] = useState(false);
  const role = useRef<"main" | "sub" | null>(null);
  const point = i18n.locale === "en" ? "." : ",";

  const onShown = useCallback(
    (wallUs: number) => {
      if (root.current) root.current.dataset.wallUs = String(wallUs);
      if (time.current) time.current.textContent = clockMillis(wallUs, point);
    },
    [point, root],
  );
  const onSnapshot = useCallback((next: PastSnapshot) => {
    setSnapshot(next);
    if (next.kind === "refused" && next.role === "sub" && next.code === "not_found") setSubFails(true);
  }, []);

  if (!camera)
    return (
      <Tile index={index} camera={null} selected={selected} state="empty">
        <TileWords icon={<CirclePlus />} title={<Trans>Ô trống</Trans>}>
          <span>
            {phone ? (
              <Trans>Chọn camera ở màn hình trực tiếp.</Trans>
            ) : (
              <Trans>Gõ số camera rồi Enter, hoặc chọn camera ở màn hình trực tiếp.</Trans>
            )}
          </span>
        </TileWords>
      </Tile>
    );

  const controls = <TileControls index={index} expanded={expanded} />;
  if (!camera.may.playback)
    return (
      <Tile
        index={index}
        camera={camera}
        selected={selected}
        state="refused"
        status={t`không có quyền`}
        controls={controls}
      >
        <TileWords icon={<Lock />} title={<Trans>Bạn chưa được xem lại camera này</Trans>}>
          <span>{t(refusalWords("forbidden"))}</span>
        </TileWords>
      </Tile>
    );
  if (purpose === null)
    return (
      <Tile index={index} camera={camera} selected={selected} state="purpose" controls={controls}>
        <TileWords icon={<Target />} title={<Trans>Nêu mục đích trước khi xem lại</Trans>}>
          <button type="button" className="vbtn" onClick={onAskPurpose}>
            <Trans>Nêu mục đích</Trans>
          </button>
        </TileWords>
      </Tile>
    );

  const has = {
    main: camera.streams.some((s) => s.role === "main"),
    sub: !subFails && camera.streams.some((s) => s.role === "sub"),
  };
  const wanted =
    rate >= FAST && has.sub ? "sub" : chooseRole({ width, pixelRatio: devicePixelRatio }, has, role.current).role;
  if (width > 0) role.current = wanted;
  const kind = snapshot?.kind ?? "loading";
  const hasPicture = kind === "frame" || kind === "loading" || kind === "end";
  return (
    <Tile
      root={attach}
      index={index}
      camera={camera}
      selected={selected}
      state={kind}
      tone="past"
      data={{ role: snapshot?.role ?? wanted, channel: snapshot?.channel }}
      status={
        hasPicture ? <span ref={time} className="shown" /> : <span className="nopicture">{t`không có hình`}</span>
      }
      controls={controls}
    >
      <div className={hasPicture ? "pictures" : "pictures gone"}>
        {visible && width > 0 && (
          <PastPicture
            deck={deck}
            camera={camera.id}
            role={wanted}
            purpose={purpose}
            onSnapshot={onSnapshot}
            onShown={onShown}
          />
        )}
      </div>
      {snapshot && <Words snapshot={snapshot} deck={deck} onLive={onLive} />}
    </Tile>
  );
}

function Words({ snapshot, deck, onLive }: { snapshot: PastSnapshot; deck: Deck; onLive: () => void }) {
  const { t } = useLingui();
  switch (snapshot.kind) {
    case "frame":
      return null;
    case "loading":
      return (
        <div className="loadingwords">
          <TileWords icon={<Loader />} title={<Trans>Đang lấy hình…</Trans>} over />
        </div>
      );
    case "gap": {
      const { fromUs, toUs, reason } = snapshot.gap!;
      return (
        <TileWords
          icon={<VideoOff />}
          title={
            <Trans>
              Không ghi được từ {clock(fromUs)} đến {clock(toUs)}
            </Trans>
          }
        >
          <span>{t(gapWords(reason))}</span>
          <button type="button" className="vbtn second" onClick={() => deck.seek(toUs)}>
            <SkipForward /> <Trans>Đến {clock(toUs)}</Trans>
          </button>
        </TileWords>
      );
    }
    case "end":
      return (
        <div className="loadingwords">
          <TileWords icon={<Link2 />} title={<Trans>Chưa có hình mới hơn</Trans>} over>
            <button type="button" className="vbtn" onClick={onLive}>
              <Radio /> <Trans>Về trực tiếp</Trans>
            </button>
          </TileWords>
        </div>
      );
    case "refused":
      return (
        <TileWords icon={<Lock />} title={<Trans>Không xem lại được camera này</Trans>}>
          <span>{t(refusalWords(snapshot.code))}</span>
        </TileWords>
      );
    case "unsupported":
      return (
        <TileWords icon={<VideoOff />} title={<Trans>Trình duyệt này không phát được hình của camera</Trans>}>
          <span>
            <Trans>Trích xuất đoạn cần xem, rồi mở bằng chương trình khác.</Trans>
          </span>
        </TileWords>
      );
  }
}
