/** A choice that takes the room of one button: what holds now, and the rest in a menu. For where a `Segmented` is too wide. */
import { Check, ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { Choices } from "./Segmented";

interface Props<T> extends Choices<T> {
  /** What holds now: it need not be one of the choices. */
  shown: ReactNode;
}

export function Picker<T extends string | number>({ label, value, shown, choices, onChange }: Props<T>): ReactNode {
  return (
    <MenuTrigger>
      <Button className="btn ghost s">
        <span className="sr">{label}</span>
        {shown}
        <ChevronDown className="s" />
      </Button>
      <Popover className="pop" placement="top">
        <Menu
          aria-label={label}
          selectionMode="single"
          selectedKeys={[value]}
          onSelectionChange={(keys) => {
            const chosen = choices.find((choice) => keys !== "all" && keys.has(choice.value));
            if (chosen) onChange(chosen.value);
          }}
        >
          {choices.map((choice) => (
            <MenuItem key={choice.value} id={choice.value} textValue={choice.title ?? String(choice.value)}>
              <Check /> {choice.text}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
