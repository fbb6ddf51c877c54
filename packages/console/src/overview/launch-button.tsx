/** Opens the dialog that launches a VM. */

import { Plus } from "lucide-react";
import { useState } from "react";

import { Button } from "../ui/button.tsx";
import { LaunchDialog } from "../vms/launch-dialog.tsx";

export interface LaunchButtonProps {
  /** the group that is chosen at first; absent: the first of all, and the button stands out */
  readonly group?: string;
}

export function LaunchButton({ group }: LaunchButtonProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        kind={group === undefined ? "primary" : "plain"}
        icon={Plus}
        aria-label={group === undefined ? undefined : `Launch a VM of ${group}`}
        onClick={() => setOpen(true)}
      >
        {group === undefined ? "Launch VM" : "Launch"}
      </Button>
      {isOpen && (
        <LaunchDialog {...(group === undefined ? {} : { group })} onClose={() => setOpen(false)} />
      )}
    </>
  );
}
