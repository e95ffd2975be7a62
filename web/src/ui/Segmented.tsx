/** A row of choices of which one holds: arrows move, as in a radio group. */
import type { KeyboardEvent, ReactNode } from "react";

export interface Choices<T> {
  label: string;
  /** May be none of the choices: then none is marked. */
  value: T;
  choices: readonly { value: T; text: ReactNode; title?: string }[];
  onChange: (value: T) => void;
}

export function Segmented<T extends string | number>({ label, value, choices, onChange }: Choices<T>) {
  const marked = choices.findIndex((choice) => choice.value === value);
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (Math.max(0, marked) + move + choices.length) % choices.length;
    onChange(choices[next]!.value);
    event.currentTarget.querySelectorAll("button")[next]?.focus();
  };
  return (
    <div className="seg" role="radiogroup" aria-label={label} onKeyDown={onKey}>
      {choices.map((choice, i) => (
        <button
          key={choice.value}
          type="button"
          role="radio"
          aria-checked={i === marked}
          tabIndex={i === Math.max(0, marked) ? 0 : -1}
          title={choice.title}
          onClick={() => onChange(choice.value)}
        >
          {choice.text}
        </button>
      ))}
    </div>
  );
}
