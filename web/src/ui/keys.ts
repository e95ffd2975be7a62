/**
 * Keys of a screen. A single letter never fires while somebody types, and
 * nothing fires behind an open dialog or menu.
 */
import { useEffect, useRef } from "react";

/** Keyed by `Ctrl+`, `Shift+` and the key's name: `f`, `Shift+2`, `Ctrl+i`, `ArrowLeft`. */
export type KeyMap = Record<string, (event: KeyboardEvent) => void>;

/** `first`: before the keys of every screen, as for a mode that takes some of theirs. */
export function useKeys(keys: KeyMap, { first = false }: { first?: boolean } = {}): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || isTyping(event.target) || document.querySelector(".scrim, .pop"))
        return;
      // Enter and Space belong to the button that has the focus.
      if (
        (event.key === "Enter" || event.key === " ") &&
        event.target instanceof Element &&
        event.target.closest("button, a")
      )
        return;
      const act = latest.current[keyName(event)];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    addEventListener("keydown", onKey, first);
    return () => removeEventListener("keydown", onKey, first);
  }, [first]);
}

/** Returns the name under which a key is listed. */
function keyName(event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "shiftKey">): string {
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  // With Shift a digit key gives a sign that depends on the keyboard; its place does not.
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  if (digit !== undefined) return `${control}${event.shiftKey ? "Shift+" : ""}${digit}`;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && event.key.length > 1 ? "Shift+" : "";
  return `${control}${shift}${key}`;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type);
}

/** Given to `onMouseDown` of a screen that works by keys: a button that was clicked does not take Space and Enter from then on. */
export function keepFocus(event: { target: EventTarget; preventDefault(): void }): void {
  if (event.target instanceof Element && event.target.closest("button")) event.preventDefault();
}
