/** A row of choices of which one holds: arrows move, as in a radio group. */
import type { KeyboardEvent, ReactNode } from "react";

interface Props<T> {
  label: string;
  value: T;
  choices: readonly { value: T; text: ReactNode; title?: string }[];
  onChange: (value: T) => void;
  className?: string;
}

export function Segmented<T extends string | number>({ label, value, choices, onChange, className }: Props<T>) {
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const at = choices.findIndex((c) => c.value === value);
    const next = choices[(at + move + choices.length) % choices.length];
    if (!next) return;
    onChange(next.value);
    const buttons = event.currentTarget.querySelectorAll("button");
    buttons[choices.indexOf(next)]?.focus();
  };
  return (
    <div className={`seg ${className ?? ""}`} role="radiogroup" aria-label={label} onKeyDown={onKey}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          role="radio"
          aria-checked={choice.value === value}
          tabIndex={choice.value === value ? 0 : -1}
          title={choice.title}
          onClick={() => onChange(choice.value)}
        >
          {choice.text}
        </button>
      ))}
    </div>
  );
}
