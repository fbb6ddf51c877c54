/** What is on its way into a directory: held over it, asked about, or being sent. */

import { useSyncExternalStore } from "react";

import type { Vm } from "@alcove/sdk/browser/index.ts";

import { ReplaceDialog } from "./replace-dialog.tsx";
import { UploadList } from "./upload-list.tsx";
import type { Arrivals } from "./use-arrivals.ts";
import { UPLOADS } from "./vm-uploads.ts";

export interface ArrivingProps {
  readonly vm: Vm;
  readonly path: string;
  readonly arrivals: Arrivals;
  /** files are held over it */
  readonly isOver: boolean;
}

export function Arriving({ vm, path, arrivals: { clash, answer }, isOver }: ArrivingProps) {
  const uploads = UPLOADS.of(vm.hostgroup, vm.hostname);
  const all = useSyncExternalStore(uploads.subscribe, () => uploads.all);
  return (
    <>
      {all.length > 0 && <UploadList all={all} uploads={uploads} />}
      {isOver && <div className="files-drop">Drop to upload into this directory</div>}
      {clash && (
        <ReplaceDialog
          names={clash.names}
          directory={path}
          onReplace={() => answer("replace")}
          onSkip={() => answer("skip")}
          onClose={() => answer("cancel")}
        />
      )}
    </>
  );
}
