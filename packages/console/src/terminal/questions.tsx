/** What is asked before something leaves the page, or comes into a terminal, that nobody may have looked at. */

import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { previewOf } from "./paste.ts";

interface Asked {
  readonly onAnswer: (isYes: boolean) => void;
}

export function PasteDialog({ text, onAnswer }: Asked & { readonly text: string }) {
  const { lines, text: shown, isCut } = previewOf(text);
  return (
    <Dialog
      title={`Paste ${lines} lines?`}
      onClose={() => onAnswer(false)}
      footer={
        <>
          <Button onClick={() => onAnswer(false)}>Cancel</Button>
          <Button kind="primary" onClick={() => onAnswer(true)} autoFocus>
            Paste {lines} lines
          </Button>
        </>
      }
    >
      <p>The program in the terminal takes them one by one, and a shell runs each at once.</p>
      <pre className="terminal-view-preview">{isCut ? `${shown}\n…` : shown}</pre>
    </Dialog>
  );
}

export function AddressDialog({ address, onAnswer }: Asked & { readonly address: string }) {
  return (
    <Dialog
      title="Open this address?"
      onClose={() => onAnswer(false)}
      footer={
        <>
          <Button onClick={() => onAnswer(false)}>Cancel</Button>
          <Button kind="primary" onClick={() => onAnswer(true)} autoFocus>
            Open in a new tab
          </Button>
        </>
      }
    >
      <p>The guest wrote it, and it may lead elsewhere than its text says:</p>
      <pre className="terminal-view-preview">{address}</pre>
    </Dialog>
  );
}
