/** Asks before an upload replaces what is there. */

import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { count } from "../ui/figures.ts";
import { visible } from "../ui/visible.ts";

interface ReplaceProps {
  /** what is there already */
  readonly names: readonly string[];
  readonly directory: string;
  readonly onReplace: () => void;
  /** the others alone */
  readonly onSkip: () => void;
  readonly onClose: () => void;
}

/** names listed; the rest is counted */
const NAMED = 8;

export function ReplaceDialog({ names, directory, onReplace, onSkip, onClose }: ReplaceProps) {
  const rest = names.length - NAMED;
  return (
    <Dialog
      title={`Replace ${count(names.length, "file or folder", "files and folders")}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button onClick={onSkip}>Leave them, upload the rest</Button>
          <Button kind="danger" onClick={onReplace}>
            Replace them
          </Button>
        </>
      }
    >
      <p>
        They are in {visible(directory)} already. A file is replaced by yours; a folder keeps what
        it has, but for files that yours has too.
      </p>
      <ul className="mono small">
        {names.slice(0, NAMED).map((name) => (
          <li key={name} className="truncate">
            {visible(name)}
          </li>
        ))}
        {rest > 0 && <li>and {rest} more</li>}
      </ul>
    </Dialog>
  );
}
