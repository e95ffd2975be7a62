/** Work beside the screen: a panel at the right of a desk, where the screen stays in use; a sheet over it on a phone. */
import { useLingui } from "@lingui/react/macro";
import { X } from "lucide-react";
import { type ReactNode, useId } from "react";
import { useStore } from "../lib/store";
import { narrow } from "./appearance";
import { Modal } from "./Modal";

interface Props {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  /** Buttons that stay in sight, whatever is scrolled above them. */
  actions?: ReactNode;
  /** Room for fields side by side. */
  wide?: boolean;
}

export function SidePanel({ title, onClose, children, actions, wide = false }: Props) {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const heading = useId();
  if (phone)
    return (
      <Modal title={title} onClose={onClose} actions={actions} holdsWork>
        {children}
      </Modal>
    );
  return (
    <aside className={wide ? "panel r wide" : "panel r"} aria-labelledby={heading}>
      <div className="ph">
        <h2 id={heading} className="grow">
          {title}
        </h2>
        <button type="button" className="btn ghost s ico" aria-label={t`Đóng`} onClick={onClose}>
          <X />
        </button>
      </div>
      <div className="panelbody">{children}</div>
      {actions !== undefined && <footer>{actions}</footer>}
    </aside>
  );
}
