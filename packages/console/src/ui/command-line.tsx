/** A command to be run elsewhere, with a button that copies it. */

import "./command-line.css";
import { CopyButton } from "./copy-button.tsx";

export function CommandLine({ command }: { readonly command: string }) {
  return (
    <div className="command-line">
      <code>{command}</code>
      <CopyButton text={command} label="Copy the command" />
    </div>
  );
}
