/** A box that a list is searched by: what it searches is said by its hint, and to screen readers by its name. */
import { Search } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";

interface Props extends Omit<ComponentProps<"input">, "type" | "value" | "onChange"> {
  value: string;
  onSearch: (typed: string) => void;
  /** Grows with the row of tools it stands in. */
  inTools?: boolean;
  /** What stands at its end. */
  children?: ReactNode;
}

export function SearchField({ value, onSearch, inTools = false, children, ...input }: Props) {
  return (
    <div className={inTools ? "input find" : "input"}>
      <Search aria-hidden />
      <input {...input} type="search" value={value} onChange={(event) => onSearch(event.target.value)} />
      {children}
    </div>
  );
}
