/** Downloads what a VM wrote on its serial console. */

import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";

import { client } from "../app/client.ts";
import { IconButton } from "../ui/button.tsx";
import { saveText } from "../ui/save.ts";
import type { VmState } from "../vm/vm-state.ts";

/** All that the host keeps, which may be more than is shown. */
export function SaveSerialButton({ vm }: { readonly vm: Pick<VmState, "hostname" | "group"> }) {
  const saving = useMutation({
    mutationFn: async () => {
      const { content } = await client.vms.attach(vm.group, vm.hostname).logs({ lines: 0 });
      saveText(content, `${vm.hostname}-serial.log`);
    },
  });
  const label = saving.error ? "Download the log: it failed, try again" : "Download the log";
  return (
    <IconButton
      icon={Download}
      label={label}
      disabled={saving.isPending}
      onClick={() => saving.mutate()}
    />
  );
}
