/**
 * One live tile. Chooses the stream by its own size and what the browser
 * plays, stops when it is off the screen, and says in words what it shows and
 * what it does not. Its picture can be looked into, heard, kept, and played
 * again from a moment ago.
 */
import { useLingui } from "@lingui/react/macro";
import { Activity, RotateCcw } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { CameraRow } from "../../api/types";
import { useChoosing } from "../../desk/choosing";
import { EmergencyBadge } from "../../desk/Emergency";
import { NothingPlays } from "../../desk/NothingPlays";
import { PurposeDialog } from "../../desk/PurposeDialog";
import { Tile } from "../../desk/Tile";
import { SnapshotButton, SoundButton, ZoomButton } from "../../desk/TileActs";
import { TileControls } from "../../desk/TileControls";
import { soundLostWords } from "../../desk/waywords";
import { useZoom, Zoomable } from "../../desk/Zoomable";
import { useStore } from "../../lib/store";
import { clock } from "../../lib/time";
import { heard, unhear } from "../../player/heard";
import { LivePicture } from "../../player/LivePicture";
import type { LiveSnapshot } from "../../player/liveplayer";
import { useTileSize } from "../../ui/tilesize";
import { toast } from "../../ui/toast";
import { Diagnostics } from "./Diagnostics";
import { Disabled, Empty, Gone, Refused } from "./LivePlaces";
import { LateFoot, Status, Words } from "./LiveWords";
import { More } from "./More";
import { BackToLive, Replay, useReplay } from "./Replay";

interface Props {
  index: number;
  camera: CameraRow | null;
  /** A camera is remembered here that is no longer there. */
  missing: boolean;
  selected: boolean;
  expanded: boolean;
  /** Its figures are shown. */
  measured: boolean;
  onMeasure: () => void;
}

export function LiveTile({ camera, missing, ...rest }: Props) {
  const { index, selected, expanded } = rest;
  const place = { index, camera, selected };
  if (!camera) return missing ? <Gone {...place} expanded={expanded} /> : <Empty {...place} />;
  if (!camera.may.live) return <Refused {...place} expanded={expanded} />;
  if (camera.state.kind === "disabled") return <Disabled {...place} expanded={expanded} />;
  return <Watched camera={camera} {...rest} />;
}

interface WatchedProps extends Omit<Props, "camera" | "missing"> {
  camera: CameraRow;
}

function Watched({ index, camera, selected, expanded, measured, onMeasure }: WatchedProps) {
  const { t } = useLingui();
  const { width, visible, attach, root } = useTileSize();
  const [snapshot, setSnapshot] = useState<LiveSnapshot | null>(null);
  const [attempt, setAttempt] = useState(0);
  /** Whoever listens names a case first. */
  const [asksCase, setAsksCase] = useState(false);
  const replay = useReplay(camera, selected);
  const back = replay.fromUs !== null;
  const time = useRef<HTMLSpanElement>(null);

  // A plan that will not do is given up for the next one, which connects.
  const told = snapshot?.kind === "unsupported" ? "connecting" : (snapshot?.kind ?? "connecting");
  const kind = visible ? told : "off_screen";
  const hasPicture = kind === "live" || kind === "late";
  const zooming = useZoom(selected, hasPicture || back);
  const { choice, onFailed, onAgain, onSub } = useChoosing({
    camera,
    kind: "live",
    width,
    asked: zooming.zoomed ? "zoomed" : null,
  });

  const mayHear = camera.may.sound === true;
  const sound = useStore(heard) === camera.id && mayHear;
  useEffect(() => () => unhear(camera.id), [camera.id]);
  const onSoundLost = (code: string) => {
    unhear(camera.id);
    if (code === "case_asked") setAsksCase(true);
    else toast(t(soundLostWords(code)));
  };
  const show = useCallback(
    (wallUs: number) => {
      if (root.current) root.current.dataset.wallUs = String(wallUs);
      if (time.current) time.current.textContent = clock(wallUs);
    },
    [root],
  );
  const again = () => {
    onAgain();
    setAttempt(attempt + 1);
  };

  const plays = choice.kind === "play" ? choice : null;
  const nothing = !plays && !back && visible;
  const state = back
    ? "replay"
    : nothing
      ? choice.kind === "none" && choice.why === "busy"
        ? "busy"
        : "unsupported"
      : kind;
  const figures = snapshot?.figures;
  const plan = figures?.plan ?? plays?.plan;
  return (
    <Tile
      root={attach}
      index={index}
      camera={camera}
      selected={selected}
      state={state}
      tone={back ? "past" : kind === "late" && !nothing ? "late" : undefined}
      data={{ role: plan?.role, channel: figures?.channel, way: plan?.way, form: plan?.form ?? undefined }}
      status={
        back ? (
          <>
            <span ref={time} className="shown" />
            <BackToLive onLive={replay.stop} />
          </>
        ) : nothing ? (
          <span>{t`không phát được`}</span>
        ) : (
          snapshot && <Status snapshot={snapshot} camera={camera} choice={choice} />
        )
      }
      foot={
        kind === "late" && snapshot && !back && !nothing && !zooming.mode ? <LateFoot snapshot={snapshot} /> : undefined
      }
      controls={
        <TileControls index={index} expanded={expanded}>
          {(!back || camera.may.export) && (
            <SnapshotButton
              camera={camera}
              root={root}
              kind={back ? t`xem lại` : t`trực tiếp`}
              estimated={!back && figures !== undefined && figures.measured !== "exact"}
              keys={selected}
            />
          )}
          {camera.may.playback && <ReplayButton onReplay={replay.start} />}
          <ZoomButton zooming={zooming} />
          {mayHear && <SoundButton camera={camera} keys={selected} />}
          <MeasureButton measured={measured} onMeasure={onMeasure} />
          <More camera={camera} />
        </TileControls>
      }
    >
      <Zoomable zooming={zooming}>
        {visible && width > 0 && plays && (
          <div
            className={
              back
                ? "pictures gone"
                : hasPicture
                  ? "pictures"
                  : snapshot?.delayUs != null
                    ? "pictures dim"
                    : "pictures gone"
            }
          >
            <LivePicture
              camera={camera.id}
              plan={plays.plan}
              sound={sound && !back}
              attempt={attempt}
              onSnapshot={setSnapshot}
              onShown={back ? ignore : show}
              onFailed={onFailed}
              onSoundLost={onSoundLost}
            />
          </div>
        )}
        {visible && width > 0 && replay.fromUs !== null && (
          <Replay
            key={replay.fromUs}
            camera={camera}
            fromUs={replay.fromUs}
            width={width}
            zoomed={zooming.zoomed}
            sound={sound}
            onShown={show}
            onSoundLost={onSoundLost}
            onCase={replay.askCase}
            onDone={replay.stop}
          />
        )}
      </Zoomable>
      {nothing && choice.kind === "none" && <NothingPlays choice={choice} onAgain={again} onSub={onSub} />}
      {!nothing && !back && !hasPicture && visible && snapshot && <Words snapshot={snapshot} onAgain={again} />}
      {measured && figures && (
        <Diagnostics
          camera={camera.id}
          streamCodec={camera.streams.find((s) => s.role === plan?.role)?.codec ?? null}
          hasPicture={hasPicture}
          figures={figures}
          delayUs={snapshot?.delayUs ?? null}
          choice={choice}
        />
      )}
      <EmergencyBadge camera={camera.id} />
      {replay.dialog}
      {asksCase && (
        <PurposeDialog
          asks="sound"
          onClose={() => setAsksCase(false)}
          onChosen={() => {
            setAsksCase(false);
            heard.set(camera.id);
          }}
        />
      )}
    </Tile>
  );
}

const ignore = () => undefined;

function ReplayButton({ onReplay }: { onReplay: () => void }) {
  const { t } = useLingui();
  return (
    <button
      type="button"
      className="vbtn ico"
      data-act="replay"
      title={t`Xem lại 15 giây trước (R)`}
      aria-label={t`Xem lại 15 giây trước`}
      onClick={onReplay}
    >
      <RotateCcw />
    </button>
  );
}

function MeasureButton({ measured, onMeasure }: Pick<Props, "measured" | "onMeasure">) {
  const { t } = useLingui();
  return (
    <button
      type="button"
      className="vbtn ico"
      data-act="measure"
      aria-pressed={measured}
      title={t`Số đo của ô này`}
      aria-label={t`Số đo của ô này`}
      onClick={onMeasure}
    >
      <Activity />
    </button>
  );
}
