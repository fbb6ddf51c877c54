/** Who the children of a fork are. */

import { Link } from "wouter";

import type { CamelKeys, LiveForked } from "@alcove/sdk/browser/index.ts";

import { vmAddress } from "../app/vm-address.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { count as counted, duration } from "../ui/figures.ts";

interface ForkedProps {
  readonly forked: CamelKeys<LiveForked>;
  readonly onClose: () => void;
}

export function Forked({ forked, onClose }: ForkedProps) {
  const { source, pauseMs, children, failures } = forked;
  const stood = pauseMs > 0 ? ` ${source} stood still for ${duration(pauseMs)}.` : "";
  return (
    <Dialog
      title={`${counted(children.length, "child", "children")} of ${source}`}
      onClose={onClose}
      footer={
        <Button kind="primary" onClick={onClose} autoFocus>
          Close
        </Button>
      }
    >
      <p>{`Each has confirmed that it is somebody of its own.${stood}`}</p>
      <ul className="fork-dialog-children">
        {children.map(({ hostname, ip }) => (
          <li key={hostname}>
            <Link href={vmAddress(hostname)} onClick={onClose}>
              {hostname}
            </Link>
            {ip !== undefined && <span className="muted mono">{ip}</span>}
          </li>
        ))}
      </ul>
      {failures.map(({ code, message }, index) => (
        <ErrorNote key={`${code}-${index}`} error={new Error(message)} />
      ))}
    </Dialog>
  );
}
