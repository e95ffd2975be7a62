/** A dialog that is a form: the button at its foot sends what was typed, the other leaves things as they are. */
import { type ReactNode, useId } from "react";
import { CloseButton, Modal } from "./Modal";

interface Props {
  title: ReactNode;
  onClose: () => void;
  /** What the sending button says. */
  submit: ReactNode;
  /** Its name for tests and help: `data-act`. */
  act?: string;
  /** What cannot be taken back is not offered as the main thing to do. */
  grave?: boolean;
  disabled: boolean;
  onSubmit: () => void;
  /** The form's own layout. */
  className: string;
  /** False where a touch beside the dialog loses nothing. */
  holdsWork?: boolean;
  children: ReactNode;
}

export function FormModal({
  title,
  onClose,
  submit,
  act,
  grave = false,
  disabled,
  onSubmit,
  className,
  holdsWork = true,
  children,
}: Props) {
  const form = useId();
  return (
    <Modal
      title={title}
      onClose={onClose}
      holdsWork={holdsWork}
      actions={
        <>
          <CloseButton onClose={onClose} />
          <button
            type="submit"
            form={form}
            className={grave ? "btn" : "btn primary"}
            data-act={act}
            disabled={disabled}
          >
            {submit}
          </button>
        </>
      }
    >
      <form
        id={form}
        className={`col ${className}`}
        onSubmit={(event) => {
          event.preventDefault();
          // Opened from within another form, it is not that form's sending.
          event.stopPropagation();
          onSubmit();
        }}
      >
        {children}
      </form>
    </Modal>
  );
}
