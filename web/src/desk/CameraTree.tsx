/**
 * The left panel: units, sites and cameras, with a filter and what each camera
 * does now. Arrows move, Enter puts a camera or a whole site into the view;
 * rows can be dragged onto tiles.
 */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Building2, ChevronDown, ChevronRight, MapPin, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Tree } from "../api/types";
import { SearchField } from "../ui/SearchField";
import { dragCameras } from "./drag";
import { Glyph } from "./Glyph";
import { type TreeRow, treeRows } from "./tree";
import "./tree.css";

interface Props {
  tree: Tree;
  /** The cameras that stand in the view now. */
  inView: readonly (string | null)[];
  selected: string | null;
  onPick: (cameras: string[]) => void;
  /** Changed to put the focus into the filter. */
  focusFilter: number;
}

export function CameraTree({ tree, inView, selected, onPick, focusFilter }: Props) {
  const { t } = useLingui();
  const [filter, setFilter] = useState("");
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const rows = useMemo(() => treeRows(tree, closed, filter), [tree, closed, filter]);
  const visible = tree.cameras.filter((c) => c.may.live || c.may.playback).length;
  const current = rows.some((r) => r.id === at) ? at : (rows[0]?.id ?? null);

  useEffect(() => {
    if (focusFilter > 0) input.current?.focus();
  }, [focusFilter]);

  const toggle = (id: string, open?: boolean) => {
    const next = new Set(closed);
    if (open ?? closed.has(id)) next.delete(id);
    else next.add(id);
    setClosed(next);
  };
  const focusRow = (row: TreeRow | undefined) => {
    if (!row) return;
    setAt(row.id);
    list.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(row.id)}"]`)?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const index = rows.findIndex((r) => r.id === current);
    const row = rows[index];
    if (!row) return;
    switch (event.key) {
      case "ArrowDown":
        focusRow(rows[index + 1]);
        break;
      case "ArrowUp":
        focusRow(rows[index - 1]);
        break;
      case "Home":
        focusRow(rows[0]);
        break;
      case "End":
        focusRow(rows.at(-1));
        break;
      case "ArrowRight":
        if (row.kind !== "camera" && !row.open) toggle(row.id, true);
        else focusRow(rows[index + 1]);
        break;
      case "ArrowLeft":
        if (row.kind !== "camera" && row.open) toggle(row.id, false);
        else focusRow(rows.slice(0, index).findLast((r) => r.depth < row.depth));
        break;
      case "Enter":
        onPick(camerasOf(row));
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="treepanel">
      <div className="treefilter">
        <SearchField
          ref={input}
          value={filter}
          onSearch={setFilter}
          onKeyDown={(e) => {
            if (e.key === "Escape") setFilter("");
            if (e.key === "ArrowDown") {
              e.preventDefault();
              focusRow(rows[0]);
            }
            if (e.key === "Enter") {
              const first = rows.find((r) => r.kind === "camera");
              if (first) onPick(camerasOf(first));
            }
          }}
          placeholder={t`Tên, số, địa điểm…`}
          aria-label={t`Tìm camera`}
        >
          {filter === "" ? (
            <span className="kbd" aria-hidden>
              /
            </span>
          ) : (
            <button type="button" aria-label={t`Xóa ô tìm`} onClick={() => setFilter("")}>
              <X className="s" />
            </button>
          )}
        </SearchField>
      </div>
      <div className="tree" role="tree" aria-label={t`Cây camera`} ref={list} onKeyDown={onKey}>
        {rows.map((row) => (
          <Row
            key={`${row.kind}-${row.id}`}
            row={row}
            tabbable={row.id === current}
            inView={row.kind === "camera" && inView.includes(row.id)}
            selected={row.kind === "camera" && row.id === selected}
            onToggle={() => toggle(row.id)}
            onFocus={() => setAt(row.id)}
            onPick={() => onPick(camerasOf(row))}
          />
        ))}
        {rows.length === 0 && (
          <p className="treenone">
            {filter ? <Trans>Không có camera nào khớp với "{filter}".</Trans> : <Trans>Chưa có camera nào.</Trans>}
          </p>
        )}
      </div>
      <div className="treefoot">
        <Plural value={visible} one="Bạn xem được # camera" other="Bạn xem được # camera" />
      </div>
    </div>
  );
}

function camerasOf(row: TreeRow): string[] {
  return row.kind === "camera" ? [row.id] : row.cameras;
}

interface RowProps {
  row: TreeRow;
  tabbable: boolean;
  inView: boolean;
  selected: boolean;
  onToggle: () => void;
  onFocus: () => void;
  onPick: () => void;
}

function Row({ row, tabbable, inView, selected, onToggle, onFocus, onPick }: RowProps) {
  const branch = row.kind !== "camera";
  return (
    <div
      className={`tr ${branch ? "unit" : ""} ${inView ? "in" : ""} ${selected ? "sel" : ""}`}
      style={{ paddingLeft: 12 + row.depth * 14 }}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-expanded={branch ? row.open : undefined}
      aria-selected={selected}
      tabIndex={tabbable ? 0 : -1}
      data-row={row.id}
      data-camera-row={branch ? undefined : row.id}
      draggable
      onDragStart={(event) => dragCameras(event, camerasOf(row))}
      onFocus={onFocus}
      onClick={branch ? onToggle : onPick}
      onDoubleClick={branch ? onPick : undefined}
      onKeyDown={undefined}
    >
      {branch ? row.open ? <ChevronDown className="s" /> : <ChevronRight className="s" /> : null}
      {row.kind === "organisation" && <Building2 />}
      {row.kind === "site" && <MapPin />}
      {row.kind === "camera" && <Glyph camera={row.camera} watching />}
      <span className="clip grow">{row.name}</span>
      <span className="no">{row.kind === "camera" ? row.camera.number : row.cameras.length}</span>
    </div>
  );
}
