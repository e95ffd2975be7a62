/** The live wall: tree at the left, tiles in the centre. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Activity, ListTree, PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { treeQuery } from "../../api/queries";
import { CameraTree } from "../../desk/CameraTree";
import { Counts, countsOf } from "../../desk/Counts";
import { Grid } from "../../desk/Grid";
import { GridTools } from "../../desk/GridTools";
import { useGridKeys } from "../../desk/gridkeys";
import { changeView, isNewHere, view as viewStore } from "../../desk/memory";
import { Typed } from "../../desk/Typed";
import { fill, landing, put, resize, shown } from "../../desk/view";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { toggleFullScreen } from "../../ui/fullscreen";
import { keepFocus, useKeys } from "../../ui/keys";
import { Modal } from "../../ui/Modal";
import { toast } from "../../ui/toast";
import { LiveTile } from "./LiveTile";
import { isMeasured, NONE, toggleAll, toggleOne } from "./measured";

export function LivePage() {
  const { t } = useLingui();
  const view = useStore(viewStore);
  const phone = useStore(narrow);
  const { data: tree } = useQuery(treeQuery);
  const [measured, setMeasured] = useState(NONE);
  const [panel, setPanel] = useState(true);
  const [drawer, setDrawer] = useState(false);
  const [focusFilter, setFocusFilter] = useState(0);
  const cameras = useMemo(() => new Map((tree?.cameras ?? []).map((c) => [c.id, c])), [tree]);

  // Somebody new is shown pictures, not a grid of empty tiles.
  useEffect(() => {
    if (!tree || !isNewHere.get()) return;
    isNewHere.set(false);
    const watchable = tree.cameras
      .filter((c) => c.may.live && c.state.kind !== "disabled")
      .sort((a, b) => a.number - b.number);
    changeView((v) =>
      fill(
        resize(v, watchable.length > 4 && !phone ? 9 : 4),
        watchable.map((c) => c.id),
      ),
    );
  }, [tree, phone]);

  const typed = useGridKeys({
    view,
    cameras: tree?.cameras ?? [],
    arrows: true,
    onUnknown: (number) => toast(t`Không có camera số ${number}.`),
  });
  useKeys({
    f: toggleFullScreen,
    "Ctrl+i": () => setMeasured(toggleAll),
    "/": () => {
      setPanel(true);
      if (phone) setDrawer(true);
      setFocusFilter(focusFilter + 1);
    },
  });

  const pick = (ids: string[]) => {
    setDrawer(false);
    if (ids.length === 1) changeView((v) => put(v, landing(v), ids[0]!));
    else changeView((v) => fill(v, ids));
  };
  const treePanel = tree && (
    <CameraTree
      tree={tree}
      inView={shown(view)}
      selected={view.tiles[view.selected] ?? null}
      onPick={pick}
      focusFilter={focusFilter}
    />
  );

  return (
    <div className="body">
      {!phone && panel && (
        <aside className="panel l" aria-label={t`Camera`}>
          <div className="ph">
            <h2 className="grow">
              <Trans>Camera</Trans>
            </h2>
            <button
              type="button"
              className="btn ghost s ico"
              aria-label={t`Thu cây camera`}
              title={t`Thu cây camera`}
              onClick={() => setPanel(false)}
            >
              <PanelLeftClose />
            </button>
          </div>
          {treePanel}
        </aside>
      )}
      <section className="centre" onMouseDown={keepFocus} aria-label={t`Lưới hình trực tiếp`}>
        <div className="ph">
          {phone ? (
            <button type="button" className="btn s" onClick={() => setDrawer(true)}>
              <ListTree /> <Trans>Chọn camera</Trans>
            </button>
          ) : (
            !panel && (
              <button
                type="button"
                className="btn ghost s ico"
                aria-label={t`Mở cây camera`}
                title={t`Mở cây camera`}
                onClick={() => setPanel(true)}
              >
                <PanelLeftOpen />
              </button>
            )
          )}
          {!phone && tree && <Counts counts={countsOf(tree.cameras)} />}
          <span className="grow" />
          <GridTools>
            {!phone && (
              <button
                type="button"
                className="btn ghost s ico"
                aria-pressed={measured.all}
                aria-label={t`Số đo của từng ô`}
                title={t`Số đo của từng ô (Ctrl+I)`}
                onClick={() => setMeasured(toggleAll)}
              >
                <Activity />
              </button>
            )}
          </GridTools>
        </div>
        <Grid view={view}>
          {(index) => {
            const id = view.tiles[index] ?? null;
            return (
              <LiveTile
                key={id ?? `empty${index}`}
                index={index}
                camera={id === null ? null : (cameras.get(id) ?? null)}
                missing={id !== null && tree !== undefined && !cameras.has(id)}
                selected={index === view.selected}
                expanded={view.expanded === index}
                measured={isMeasured(measured, index)}
                onMeasure={() => setMeasured((m) => toggleOne(m, index))}
              />
            );
          }}
        </Grid>
        <Typed digits={typed} />
      </section>
      {drawer && (
        <Modal title={<Trans>Chọn camera</Trans>} onClose={() => setDrawer(false)} tall>
          {treePanel}
        </Modal>
      )}
    </div>
  );
}
