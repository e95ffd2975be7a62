/** A dialog: its title is the decision. Esc closes; focus goes in and comes back. On a phone it is a sheet at the foot, within reach of a thumb. */
import { Trans, useLingui } from "@lingui/react/macro";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Modal as AriaModal, Dialog, Heading, ModalOverlay } from "react-aria-components";

interface Props {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  /** Buttons, the main one last. */
  actions?: ReactNode;
  /** Work is being typed here, which a touch beside the dialog must not throw away. */
  holdsWork?: boolean;
  /** A list that takes all the height there is, up to the edges. */
  tall?: boolean;
}

export function Modal({ title, onClose, children, actions, holdsWork = false, tall = false }: Props) {
  const { t } = useLingui();
  const box = useRef<HTMLDivElement>(null);
  // What had the focus may be gone, as a button is once its file was chosen: Esc is heard all the same, by the topmost.
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTopmost = [...document.querySelectorAll(".dlg")].at(-1) === box.current;
      if (event.key === "Escape" && event.target === document.body && isTopmost) onClose();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onClose]);
  return (
    <ModalOverlay className="scrim" isOpen isDismissable={!holdsWork} onOpenChange={(open) => !open && onClose()}>
      <AriaModal ref={box} className={tall ? "dlg tall" : "dlg"}>
        <Dialog>
          <header>
            <Heading slot="title">{title}</Heading>
            <button type="button" className="btn ghost s ico" aria-label={t`Đóng`} onClick={onClose}>
              <X />
            </button>
          </header>
          <div className="body">{children}</div>
          {actions !== undefined && <footer>{actions}</footer>}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}

/** The button that only closes. */
export function CloseButton({ onClose, children }: { onClose: () => void; children?: ReactNode }) {
  return (
    <button type="button" className="btn ghost" onClick={onClose}>
      {children ?? <Trans>Để sau</Trans>}
    </button>
  );
}
