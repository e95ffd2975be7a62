/** Looking back: the same grid as live, all tiles on one cursor, and the timeline. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { History, Radio } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { timelines as askTimelines } from "../../api/client";
import { timelinesQuery, treeQuery } from "../../api/queries";
import type { CameraRow } from "../../api/types";
import { useOffer } from "../../desk/choosing";
import { Grid } from "../../desk/Grid";
import { GridTools } from "../../desk/GridTools";
import { useGridKeys } from "../../desk/gridkeys";
import { KeyHelp } from "../../desk/KeyHelp";
import { changeView, reason as reasonStore, view as viewStore } from "../../desk/memory";
import { type Asks, PurposeDialog } from "../../desk/PurposeDialog";
import { Typed } from "../../desk/Typed";
import { fill, shown } from "../../desk/view";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { clock, DAY_US, HOUR_US, SECOND_US } from "../../lib/time";
import { useMedia } from "../../player/context";
import { Deck } from "../../player/deck";
import { heard } from "../../player/heard";
import { narrow } from "../../ui/appearance";
import { toggleFullScreen } from "../../ui/fullscreen";
import { keepFocus, useKeys } from "../../ui/keys";
import { toast } from "../../ui/toast";
import { Controls, RATES } from "./Controls";
import { ExportPanel } from "./ExportPanel";
import { nextFootage } from "./footage";
import { PastTile } from "./PastTile";
import { PhoneControls } from "./PhoneControls";
import { askedSpan, centred, followMove, SPANS, type SpanName, type Window } from "./scale";
import { marked, type Selection, type Side } from "./selection";
import { STRIP_MOST_US, ThumbStrip } from "./ThumbStrip";
import { Timeline, type Track } from "./Timeline";
import { makeThumbs, ThumbsContext } from "./thumbs";

/** More tracks than this do not fit under the pictures; the rest is shown together. */
const MOST_TRACKS = 4;

export function PlaybackPage() {
  const { t } = useLingui();
  const navigate = useNavigate();
  const { at } = useSearch({ from: "/playback" });
  const view = useStore(viewStore);
  const phone = useStore(narrow);
  const reason = useStore(reasonStore);
  const { data: tree } = useQuery(treeQuery);
  const [asks, setAsks] = useState<Asks | null>(reason === null ? "purpose" : null);
  /** Which camera is heard once its case was named. */
  const [listen, setListen] = useState<string | null>(null);
  const [help, setHelp] = useState(false);
  const [selecting, setSelecting] = useState(false);
  const [selection, setSelection] = useState<Selection | null>(null);
  const [exporting, setExporting] = useState(false);
  const deck = useMemo(() => new Deck(at ?? serverNowUs() - 60 * SECOND_US, serverNowUs), [at]);
  const [window, setWindow] = useState<Window>(() => {
    const { cursorUs } = deck.state.get();
    return phone
      ? centred({ fromUs: 0, spanUs: SPANS["10m"] }, cursorUs)
      : { fromUs: cursorUs - 0.7 * HOUR_US, spanUs: HOUR_US };
  });

  useEffect(() => {
    deck.start();
    let last = deck.state.get().cursorUs;
    // Under a finger the cursor stays in the middle; at a desk the time stays, while it can.
    if (phone) setWindow((w) => centred(w, last));
    const unwatch = deck.state.watch(() => {
      const from = last;
      const to = deck.state.get().cursorUs;
      last = to;
      if (from !== to) setWindow((w) => (phone ? centred(w, to) : followMove(w, from, to)));
    });
    return () => {
      unwatch();
      deck.stop();
    };
  }, [deck, phone]);

  const cameras = useMemo(() => new Map((tree?.cameras ?? []).map((c) => [c.id, c])), [tree]);
  const present = useMemo(
    () =>
      (view.expanded === null ? shown(view) : [view.tiles[view.expanded] ?? null]).flatMap(
        (id) => (id !== null && cameras.get(id)) || [],
      ),
    [view, cameras],
  );
  const lead = view.tiles[view.selected] ?? null;
  useEffect(() => deck.lead(lead), [deck, lead]);

  // Somebody who comes here first sees pictures as well.
  useEffect(() => {
    if (!tree || shown(view).some((id) => id !== null)) return;
    const watchable = tree.cameras.filter((c) => c.may.playback).sort((a, b) => a.number - b.number);
    if (watchable.length > 0)
      changeView((v) =>
        fill(
          v,
          watchable.slice(0, 4).map((c) => c.id),
        ),
      );
  }, [tree, view]);

  const media = useMedia();
  const { worker } = useOffer();
  const thumbs = useMemo(() => (reason === null ? null : makeThumbs(media, reason, worker)), [media, reason, worker]);
  useEffect(() => () => thumbs?.close(), [thumbs]);

  const asked = askedSpan(window);
  const moving = asked.toUs > serverNowUs() - 30 * SECOND_US;
  const ids = present.map((camera) => camera.id);
  const { data: lines } = useQuery(timelinesQuery(ids, "main", asked.fromUs, asked.toUs, moving));
  const timelines = present.map((camera) => ({ camera, timeline: lines?.[camera.id] ?? null }));

  const known = useRef(timelines);
  known.current = timelines;
  useEffect(() => {
    let looking = false;
    deck.nextFootage = (us) => {
      const all = known.current.flatMap((k) => k.timeline ?? []);
      const near = nextFootage(all, us);
      if (near !== null || looking) return near;
      // Beyond what is on the screen: asked once, and gone to when it is known.
      looking = true;
      void furtherFootage(present, us).then((next) => {
        looking = false;
        if (next !== null && Math.abs(deck.state.get().cursorUs - us) < 30 * SECOND_US) deck.seek(next);
      });
      return null;
    };
    deck.onSkip = (from, to) => toast(t`Không có hình từ ${clock(from)}. Đã đi tiếp đến ${clock(to)}.`);
  }, [deck, present, t]);

  const goLive = () => void navigate({ to: "/live" });
  const openExport = () => {
    if (reason === null) setAsks("purpose");
    else if (selection) setExporting(true);
    else toast(t`Chọn một đoạn trước: phím [ và ], hoặc nút Chọn đoạn.`);
  };
  const mark = (side: Side) => setSelection(marked(selection, side, deck.state.get().cursorUs, serverNowUs()));
  const onSpan = (name: SpanName) =>
    setWindow((w) => centred({ ...w, spanUs: SPANS[name] }, deck.state.get().cursorUs));
  const arrow = (direction: 1 | -1) => {
    if (deck.state.get().playing) deck.seek(deck.state.get().cursorUs + direction * 5 * SECOND_US);
    else deck.step(direction);
  };
  const speed = (by: 1 | -1) => {
    const i = RATES.indexOf(deck.state.get().rate as (typeof RATES)[number]) + by;
    if (RATES[i] !== undefined) deck.setRate(RATES[i]);
  };
  const typed = useGridKeys({
    view,
    cameras: tree?.cameras ?? [],
    arrows: false,
    onUnknown: (number) => toast(t`Không có camera số ${number}.`),
  });
  useKeys({
    " ": () => deck.toggle(),
    ArrowLeft: () => arrow(-1),
    ArrowRight: () => arrow(1),
    "Ctrl+ArrowLeft": () => speed(-1),
    "Ctrl+ArrowRight": () => speed(1),
    l: goLive,
    e: openExport,
    f: toggleFullScreen,
    "[": () => mark("from"),
    "]": () => mark("to"),
  });

  const most = phone ? 1 : MOST_TRACKS;
  const tracks: Track[] = timelines
    .map((k) => ({ ...k, lead: k.camera.id === lead }))
    .filter((track) => timelines.length <= most || track.lead);
  const others = timelines.length > most ? timelines.flatMap((k) => k.timeline ?? []) : null;
  const strip = !phone && worker && reason !== null && window.spanUs <= STRIP_MOST_US;
  const shownLead = timelines.find((k) => k.camera.id === lead) ?? timelines[0];
  const nothing = tree?.cameras.every((c) => !c.may.playback);

  return (
    <ThumbsContext value={thumbs}>
      <div className="body">
        <section className="centre" onMouseDown={keepFocus} aria-label={t`Xem lại`}>
          <div className="ph">
            {phone ? (
              <button type="button" className="btn s" data-act="live" onClick={goLive}>
                <Radio /> <Trans>Về trực tiếp</Trans>
              </button>
            ) : (
              <>
                <History aria-hidden className="t3" />
                <span className="t2 clip">
                  <Trans>Các ô chạy cùng lúc theo một giờ</Trans>
                </span>
              </>
            )}
            <span className="grow" />
            <GridTools />
          </div>
          {nothing ? (
            <p className="t2 nothing">
              <Trans>Chưa có camera nào bạn được xem lại.</Trans>
            </p>
          ) : (
            <Grid view={view}>
              {(index) => {
                const id = view.tiles[index] ?? null;
                return (
                  <PastTile
                    key={id ?? `empty${index}`}
                    index={index}
                    camera={id === null ? null : (cameras.get(id) ?? null)}
                    selected={index === view.selected}
                    expanded={view.expanded === index}
                    deck={deck}
                    reason={reason}
                    onAskPurpose={() => setAsks("purpose")}
                    onAskCase={(what) => {
                      setAsks(what);
                      setListen(what === "sound" ? id : null);
                    }}
                    onLive={goLive}
                  />
                );
              }}
            </Grid>
          )}
          <div className="tlstrip">
            {phone ? (
              <PhoneControls
                deck={deck}
                spanUs={window.spanUs}
                onSpan={onSpan}
                selection={selection}
                onMark={mark}
                onUnselect={() => setSelection(null)}
                onExport={openExport}
              />
            ) : (
              <Controls
                deck={deck}
                spanUs={window.spanUs}
                onSpan={onSpan}
                selecting={selecting}
                onSelecting={setSelecting}
                canExport={selection !== null}
                onExport={openExport}
                onLive={goLive}
                onHelp={() => setHelp(true)}
              />
            )}
            {strip && shownLead && (
              <ThumbStrip window={window} camera={shownLead.camera.id} timeline={shownLead.timeline} />
            )}
            <Timeline
              deck={deck}
              window={window}
              onWindow={setWindow}
              tracks={tracks}
              others={others}
              fixed={phone}
              selecting={selecting}
              selection={selection}
              onSelection={setSelection}
            />
          </div>
          <Typed digits={typed} />
        </section>
        {exporting && selection && reason !== null && (
          <ExportPanel
            selection={selection}
            cameras={timelines}
            lead={lead}
            reason={reason}
            onClose={() => setExporting(false)}
          />
        )}
        {asks && (
          <PurposeDialog
            asks={asks}
            onClose={() => setAsks(null)}
            onChosen={() => {
              setAsks(null);
              if (asks === "sound" && listen !== null) heard.set(listen);
            }}
          />
        )}
        {help && <KeyHelp operator onClose={() => setHelp(false)} />}
      </div>
    </ThumbsContext>
  );
}

/** Asks how it goes on after a moment, a month at most. */
async function furtherFootage(cameras: readonly CameraRow[], us: number): Promise<number | null> {
  const toUs = Math.min(us + 31 * DAY_US, serverNowUs());
  if (toUs <= us) return null;
  const ids = cameras.map((camera) => camera.id);
  // Whoever does not know goes on from where they are.
  const lines = await askTimelines(ids, "main", us, toUs).catch(() => null);
  return lines && nextFootage(Object.values(lines), us);
}
