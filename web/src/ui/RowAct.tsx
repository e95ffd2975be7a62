/** What can be done with a row of a table: a button that is a picture, with its words for whoever hears them. Knows no noun. */
import type { ReactNode } from "react";

interface RowActProps {
  /** What a test finds it by. */
  what: string;
  label: string;
  disabled?: boolean;
  onClick: () => void;
  /** The picture. */
  children: ReactNode;
}

export function RowAct({ what, label, disabled = false, onClick, children }: RowActProps) {
  return (
    <button
      type="button"
      className="btn ghost s ico"
      data-act={what}
      title={label}
      aria-label={label}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
