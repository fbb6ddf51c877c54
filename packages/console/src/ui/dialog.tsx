/** A modal dialog: the browser's own, so focus stays in it, Escape closes it, and focus goes back after it. */

import { X } from "lucide-react";
import { type ReactNode, useCallback, useId, useRef, useState } from "react";

import { IconButton } from "./button.tsx";
import "./dialog.css";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** buttons, the one that acts last */
  readonly footer?: ReactNode;
  readonly wide?: boolean;
}

export function Dialog({ title, onClose, children, footer, wide = false }: DialogProps) {
  const titleId = useId();
  const isFilledIn = useRef(false);
  const [isOpen, setOpen] = useState(false);
  // What is in it comes when it is open: opening takes the focus, from whatever asked for it with `autoFocus` before.
  // It is closed while it is still in the document, as only then the focus goes back.
  const open = useCallback((element: HTMLDialogElement) => {
    element.showModal();
    setOpen(true);
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={open}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={({ target, currentTarget }) => {
        if (target === currentTarget && !isFilledIn.current) onClose(); // beside it
      }}
      // A click that missed must not lose what was typed.
      onInput={({ target }) => {
        isFilledIn.current ||= target instanceof Element && target.closest("form") !== null;
      }}
    >
      {isOpen && (
        <div className="dialog-frame">
          <div className="dialog-head">
            <h2 id={titleId}>{title}</h2>
            <IconButton icon={X} label="Close" onClick={onClose} />
          </div>
          <div className="dialog-body">{children}</div>
          {footer !== undefined && <div className="dialog-foot">{footer}</div>}
        </div>
      )}
    </dialog>
  );
}
