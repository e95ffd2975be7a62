/** Asks once more before something is done that is not undone by a click. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { CloseButton, Modal } from "../ui/Modal";
import { Problem } from "./Problem";

interface SureProps<T> {
  title: ReactNode;
  /** What comes of it, in words: one paragraph, or several. */
  children: ReactNode;
  /** What the button says that does it. */
  act: ReactNode;
  /** What a test finds it by. */
  what?: string;
  /** What the button says that does not. */
  rather?: ReactNode;
  /** The way out of what went wrong, where it is known. */
  cure?: (error: Error) => ReactNode;
  onSure: () => Promise<T>;
  /** What is not true any more afterwards. */
  stale: readonly unknown[];
  onDone: (answer: T) => void;
  onClose: () => void;
}

export function SureDialog<T>({
  title,
  children,
  act,
  what = "sure",
  rather,
  cure,
  onSure,
  stale,
  onDone,
  onClose,
}: SureProps<T>) {
  const queries = useQueryClient();
  const doing = useMutation({
    mutationFn: onSure,
    onSuccess: (answer) => {
      void queries.invalidateQueries({ queryKey: stale });
      onDone(answer);
    },
  });
  return (
    <Modal
      title={title}
      onClose={onClose}
      actions={
        <>
          <CloseButton onClose={onClose}>{rather}</CloseButton>
          <button
            type="button"
            className="btn"
            data-act={what}
            disabled={doing.isPending}
            onClick={() => doing.mutate()}
          >
            {act}
          </button>
        </>
      }
    >
      {children}
      {doing.error && <Problem error={doing.error}>{cure?.(doing.error)}</Problem>}
    </Modal>
  );
}
