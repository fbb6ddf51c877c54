/** Asks once, saying what is lost. The button says what will be done, never "OK". */

import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { ErrorNote } from "./error-note.tsx";

export interface ConfirmDialogProps {
  readonly title: string;
  /** what is lost, in sentences */
  readonly children: ReactNode;
  /** a verb and what it is done to: "Delete sbox-3" */
  readonly verb: string;
  /** default: `danger` */
  readonly kind?: "danger" | "primary";
  /** stays open with the error when it rejects, closes when it resolves */
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, verb, kind = "danger", onConfirm, onClose } = props;
  const doing = useMutation({ mutationFn: onConfirm, onSuccess: onClose });
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind={kind} busy={doing.isPending} onClick={() => doing.mutate()} autoFocus>
            {verb}
          </Button>
        </>
      }
    >
      <div>{children}</div>
      {doing.error && <ErrorNote error={doing.error} />}
    </Dialog>
  );
}
