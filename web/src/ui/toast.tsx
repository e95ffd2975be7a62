/** One line that leaves by itself after four seconds. Never for alarms. */
import { createStore, useStore } from "../lib/store";

interface Toast {
  id: number;
  text: string;
}

const toasts = createStore<readonly Toast[]>([]);
let next = 1;

export function toast(text: string): void {
  const id = next++;
  toasts.set([...toasts.get().slice(-2), { id, text }]);
  setTimeout(() => toasts.set(toasts.get().filter((t) => t.id !== id)), 4_000);
}

export function Toasts() {
  return (
    // Marked as lying on top, so that a dialog does not silence it.
    <output className="toasts" aria-live="polite" data-react-aria-top-layer="true">
      {useStore(toasts).map((t) => (
        <div key={t.id} className="toast">
          {t.text}
        </div>
      ))}
    </output>
  );
}
