/** The tree of bodies: arrows move and open, Enter shows what one is. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Building2, ChevronDown, ChevronRight } from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { type BodyRow, hasEnded } from "../../desk/bodies";
import { KINDS } from "../../desk/bodywords";
import { dayOf } from "../../lib/time";
import "../../desk/tree.css";

interface Props {
  rows: readonly BodyRow[];
  chosen: string | null;
  onTurn: (id: string) => void;
  onChoose: (id: string) => void;
}

export function BodyTree({ rows, chosen, onTurn, onChoose }: Props) {
  const { t } = useLingui();
  const list = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<string | null>(null);
  const has = (id: string | null) => rows.some(({ body }) => body.id === id);
  const current = has(at) ? at : has(chosen) ? chosen : (rows[0]?.body.id ?? null);
  const focusRow = (row: BodyRow | undefined) => {
    if (!row) return;
    setAt(row.body.id);
    list.current?.querySelector<HTMLElement>(`[data-body="${CSS.escape(row.body.id)}"]`)?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const index = rows.findIndex(({ body }) => body.id === current);
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
        if (row.units > 0 && !row.open) onTurn(row.body.id);
        else focusRow(rows[index + 1]);
        break;
      case "ArrowLeft":
        if (row.units > 0 && row.open) onTurn(row.body.id);
        else focusRow(rows.slice(0, index).findLast(({ depth }) => depth < row.depth));
        break;
      case "Enter":
      case " ":
        onChoose(row.body.id);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="bodytree" role="tree" aria-label={t`Cây đơn vị`} ref={list} onKeyDown={onKey}>
      {rows.map(({ body, depth, units, open }) => (
        <div
          key={body.id}
          className={`tr unit ${chosen === body.id ? "sel" : ""} ${hasEnded(body) ? "past" : ""}`}
          style={{ paddingLeft: 8 + depth * 18 }}
          role="treeitem"
          aria-level={depth + 1}
          aria-expanded={units > 0 ? open : undefined}
          aria-selected={chosen === body.id}
          tabIndex={current === body.id ? 0 : -1}
          data-body={body.id}
          onFocus={() => setAt(body.id)}
          onClick={() => onChoose(body.id)}
          onKeyDown={undefined}
        >
          <span
            className="turn"
            aria-hidden
            data-act="turn"
            onClick={(event) => {
              if (units === 0) return;
              event.stopPropagation();
              onTurn(body.id);
            }}
          >
            {units > 0 && (open ? <ChevronDown className="s" /> : <ChevronRight className="s" />)}
          </span>
          <Building2 aria-hidden />
          <span className="what">
            <span className="name">{body.name}</span>
            <span className="kind t3">
              {t(KINDS[body.kind])}
              {body.code && ` · ${body.code}`}
            </span>
          </span>
          {body.valid_until && (
            <span className="chip line">
              <Trans>đến {dayOf(body.valid_until)}</Trans>
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
