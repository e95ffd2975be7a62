/** One tile of the past: its picture at the cursor, the exact time of that picture, or why there is none. */
import { Trans, useLingui } from "@lingui/react/macro";
import { CirclePlus, FileText, Link2, Loader, Lock, Radio, SkipForward, Target, VideoOff } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { CameraRow } from "../../api/types";
import { useChoosing } from "../../desk/choosing";
import { EmergencyBadge, EmergencyButton } from "../../desk/Emergency";
import { NothingPlays } from "../../desk/NothingPlays";
import { Tile, TileWords } from "../../desk/Tile";
import { SnapshotButton, SoundButton, ZoomButton } from "../../desk/TileActs";
import { TileControls } from "../../desk/TileControls";
import { lesserWords, soundLostWords } from "../../desk/waywords";
import { gapWords, refusalWords } from "../../desk/words";
import { useZoom, Zoomable } from "../../desk/Zoomable";
import { useStore } from "../../lib/store";
import { clock, clockMillis } from "../../lib/time";
import type { Deck } from "../../player/deck";
import { heard, unhear } from "../../player/heard";
import { PastPicture } from "../../player/PastPicture";
import { PastSoundTrack } from "../../player/PastSoundTrack";
import type { PastSnapshot } from "../../player/pastview";
import type { Reason } from "../../player/tokens";
import { narrow } from "../../ui/appearance";
import { useTileSize } from "../../ui/tilesize";
import { toast } from "../../ui/toast";
import { ScrubThumb } from "./ScrubThumb";

interface Props {
  index: number;
  camera: CameraRow | null;
  selected: boolean;
  expanded: boolean;
  deck: Deck;
  /** What this person looks back for; null until it was said. */
  reason: Reason | null;
  onAskPurpose: () => void;
  /** The rules ask for a case: of the footage here, or of its sound. */
  onAskCase: (what: "playback" | "sound") => void;
  onLive: () => void;
}

/** From this speed on the small stream is enough, and the large one too much for a desk's processor. */
const FAST = 4;

export function PastTile({ camera, reason, onAskPurpose, ...rest }: Props) {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { index, selected, expanded } = rest;
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
          <EmergencyButton camera={camera} />
        </TileWords>
      </Tile>
    );
  if (reason === null)
    return (
      <Tile index={index} camera={camera} selected={selected} state="purpose" controls={controls}>
        <TileWords icon={<Target />} title={<Trans>Nêu mục đích trước khi xem lại</Trans>}>
          <button type="button" className="vbtn" onClick={onAskPurpose}>
            <Trans>Nêu mục đích</Trans>
          </button>
        </TileWords>
      </Tile>
    );
  return <Watched camera={camera} reason={reason} {...rest} />;
}

interface WatchedProps extends Omit<Props, "camera" | "reason" | "onAskPurpose"> {
  camera: CameraRow;
  reason: Reason;
}

function Watched({ index, camera, selected, expanded, deck, reason, onAskCase, onLive }: WatchedProps) {
  const { t, i18n } = useLingui();
  const time = useRef<HTMLSpanElement>(null);
  const { width, visible, attach, root } = useTileSize();
  const { rate } = useStore(deck.state);
  const [snapshot, setSnapshot] = useState<PastSnapshot | null>(null);
  const point = i18n.locale === "en" ? "." : ",";

  const say = useCallback(
    (wallUs: number) => {
      if (time.current) time.current.textContent = clockMillis(wallUs, point);
    },
    [point],
  );
  const onShown = useCallback(
    (wallUs: number) => {
      if (root.current) root.current.dataset.wallUs = String(wallUs);
      say(wallUs);
    },
    [say, root],
  );

  const kind = snapshot?.kind ?? "loading";
  const hasPicture = kind === "frame" || kind === "loading" || kind === "end";
  const zooming = useZoom(selected, hasPicture);
  const { choice, onFailed, onAgain, onSub } = useChoosing({
    camera,
    kind: "past",
    width,
    asked: rate >= FAST ? "fast" : zooming.zoomed ? "zoomed" : null,
  });

  const mayHear = camera.may.sound === true;
  const sound = useStore(heard) === camera.id && mayHear;
  useEffect(() => () => unhear(camera.id), [camera.id]);
  const onSoundLost = (code: string) => {
    unhear(camera.id);
    if (code === "case_asked") onAskCase("sound");
    else toast(t(soundLostWords(code)));
  };

  const plays = choice.kind === "play" ? choice : null;
  const lesser = lesserWords(choice, i18n);
  const seen = plays !== null && hasPicture;
  const asksCase = kind === "refused" && snapshot?.code === "case_asked";
  return (
    <Tile
      root={attach}
      index={index}
      camera={camera}
      selected={selected}
      state={
        asksCase ? "case" : plays ? kind : choice.kind === "none" && choice.why === "busy" ? "busy" : "unsupported"
      }
      tone="past"
      data={{
        role: snapshot?.role ?? plays?.plan.role,
        channel: snapshot?.channel,
        form: plays?.plan.form ?? undefined,
      }}
      status={
        seen ? (
          <>
            {lesser && (
              <span className="lesser" role="img" title={lesser.whole} aria-label={lesser.whole}>
                {lesser.short}
              </span>
            )}
            <span ref={time} className="shown" />
          </>
        ) : (
          <span className="nopicture">{asksCase ? t`cần số hồ sơ` : t`không có hình`}</span>
        )
      }
      controls={
        <TileControls index={index} expanded={expanded}>
          {camera.may.export && (
            <SnapshotButton camera={camera} root={root} kind={t`xem lại`} estimated={false} keys={selected} />
          )}
          <ZoomButton zooming={zooming} />
          {mayHear && <SoundButton camera={camera} keys={selected} />}
        </TileControls>
      }
    >
      <Zoomable zooming={zooming}>
        <div className={seen ? "pictures" : "pictures gone"}>
          {visible && width > 0 && plays && (
            <PastPicture
              deck={deck}
              camera={camera.id}
              stream={plays.plan}
              reason={reason}
              onSnapshot={setSnapshot}
              onShown={onShown}
              onFailed={(stream, code, codec) => onFailed({ way: "mse", ...stream }, code, codec)}
            />
          )}
          {seen && <ScrubThumb deck={deck} camera={camera.id} loading={kind === "loading"} root={root} onShown={say} />}
        </div>
      </Zoomable>
      <EmergencyBadge camera={camera.id} />
      {sound && <PastSoundTrack deck={deck} camera={camera.id} reason={reason} onLost={onSoundLost} />}
      {choice.kind === "none" ? (
        <NothingPlays choice={choice} onAgain={onAgain} onSub={onSub} />
      ) : (
        snapshot && <Words snapshot={snapshot} deck={deck} onLive={onLive} onAskCase={() => onAskCase("playback")} />
      )}
    </Tile>
  );
}

interface WordsProps {
  snapshot: PastSnapshot;
  deck: Deck;
  onLive: () => void;
  onAskCase: () => void;
}

function Words({ snapshot, deck, onLive, onAskCase }: WordsProps) {
  const { t } = useLingui();
  switch (snapshot.kind) {
    case "frame":
    case "unsupported":
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
      if (snapshot.code === "case_asked")
        return (
          <TileWords icon={<FileText />} title={<Trans>Xem lại lúc này cần số hồ sơ, vụ việc</Trans>}>
            <button type="button" className="vbtn" data-act="ask-case" onClick={onAskCase}>
              <Trans>Nhập số hồ sơ</Trans>
            </button>
          </TileWords>
        );
      return (
        <TileWords icon={<Lock />} title={<Trans>Không xem lại được camera này</Trans>}>
          <span>{t(refusalWords(snapshot.code))}</span>
        </TileWords>
      );
  }
}
