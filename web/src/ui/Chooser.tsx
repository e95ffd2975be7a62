/** A choice among very many: what is typed finds it, marks and case left aside. Knows no noun. */
import { Trans, useLingui } from "@lingui/react/macro";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { finds } from "../lib/fold";
import { type Around, Field } from "./Field";
import "./chooser.css";

export interface Choice {
  id: string;
  text: string;
  /** What tells it from others of that name. */
  more?: string | undefined;
  /** All that it is found by, folded. */
  folded: string;
}

interface Props extends Around {
  name: string;
  /** Empty while nothing is chosen. */
  value: string;
  choices: readonly Choice[];
  /** What it says of having chosen nothing, where that may be chosen. */
  none?: string;
  onChange: (id: string) => void;
}

/** So many are shown: nobody reads on, they type more. */
const MOST = 50;

export function Chooser({ name, value, choices, none, onChange, ...around }: Props) {
  const { t } = useLingui();
  const listId = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const chosen = choices.find((choice) => choice.id === value);
  const found = open ? choices.filter((choice) => typed === null || finds(typed, choice.folded)) : [];
  const shown = found.slice(0, MOST);
  const isNoneShown = none !== undefined && !typed;
  const options: { id: string; text: string; more?: string | undefined }[] = [
    ...(isNoneShown ? [{ id: "", text: none }] : []),
    ...shown,
  ];
  const current = Math.min(at, options.length - 1);

  useEffect(() => {
    if (open) list.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  useEffect(() => {
    if (open) list.current?.querySelectorAll('[role="option"]')[current]?.scrollIntoView({ block: "nearest" });
  }, [open, current]);

  const show = () => {
    if (open) return;
    setOpen(true);
    setAt(Math.max(0, choices.findIndex((choice) => choice.id === value) + (none === undefined ? 0 : 1)));
  };
  const close = () => {
    setOpen(false);
    setTyped(null);
  };
  const choose = (id: string) => {
    close();
    if (id !== value) onChange(id);
  };
  const onKey = (event: KeyboardEvent) => {
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        if (open) setAt(Math.max(0, Math.min(options.length - 1, current + (event.key === "ArrowDown" ? 1 : -1))));
        else show();
        break;
      case "Enter": {
        const option = options[current];
        if (!open || !option) return;
        choose(option.id);
        break;
      }
      case "Escape":
        if (!open) return;
        close();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <Field {...around}>
      {({ className, ...control }) => (
        <div className={none === undefined ? `chooser ${className}` : `chooser may-be-none ${className}`}>
          <input
            {...control}
            role="combobox"
            name={name}
            autoComplete="off"
            spellCheck={false}
            aria-expanded={open}
            aria-controls={open ? listId : undefined}
            aria-autocomplete="list"
            aria-activedescendant={open && options.length > 0 ? `${listId}-${current}` : undefined}
            placeholder={none ?? t`Gõ để tìm`}
            value={typed ?? chosen?.text ?? ""}
            data-value={value}
            onChange={(event) => {
              setTyped(event.target.value);
              setAt(0);
              setOpen(true);
            }}
            onFocus={(event) => event.target.select()}
            onClick={show}
            onBlur={close}
            onKeyDown={onKey}
          />
          {open && (
            <div className="pop choices" ref={list}>
              {options.length > 0 && (
                <div id={listId} role="listbox" aria-label={t`Kết quả`}>
                  {options.map((option, i) => (
                    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the input's, which keeps the focus
                    <div
                      key={option.id}
                      id={`${listId}-${i}`}
                      role="option"
                      tabIndex={-1}
                      aria-selected={i === current}
                      data-choice={option.id}
                      onPointerDown={(event) => event.preventDefault()}
                      onClick={() => choose(option.id)}
                    >
                      <span>{option.text}</span>
                      {option.more && <span className="small t3">{option.more}</span>}
                    </div>
                  ))}
                </div>
              )}
              {options.length === 0 && (
                <p className="small t3" role="status">
                  <Trans>Không có tên nào khớp. Gõ ít chữ hơn.</Trans>
                </p>
              )}
              {found.length > MOST && (
                <p className="small t3">
                  <Trans>Còn {found.length - MOST} tên nữa. Gõ thêm để tìm.</Trans>
                </p>
              )}
            </div>
          )}
        </div>
      )}
    </Field>
  );
}
