/** How to reach a VM from elsewhere: commands to be copied. */

import { Card } from "../ui/card.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import type { VmState } from "./vm-state.ts";
import "./reach-card.css";

export function ReachCard({ vm }: { readonly vm: VmState }) {
  const { hostname } = vm;
  const hasAddress =
    vm.ip !== undefined && vm.network.mode !== "user" && vm.network.mode !== "none";
  return (
    <Card title="Reach it">
      <dl className="reach-card">
        <dt>A terminal, without SSH</dt>
        <dd>
          <CommandLine command={`alcove shell ${hostname}`} />
        </dd>
        <dt>Its port 80 as port 8080 of your machine</dt>
        <dd>
          <CommandLine command={`alcove vm forward ${hostname} -L 8080:127.0.0.1:80`} />
        </dd>
        <dt>SSH{hasAddress ? "" : ", through a forwarded port"}</dt>
        <dd>
          {hasAddress ? (
            <CommandLine command={`ssh root@${vm.ip}`} />
          ) : (
            <CommandLine command={`alcove vm forward ${hostname} -L 2222:127.0.0.1:22`} />
          )}
        </dd>
      </dl>
    </Card>
  );
}
