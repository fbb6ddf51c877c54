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
        <dt>
          Its port 80 at http://127.0.0.2:9000 on your machine. (Browsers show this page's cookie to
          every port of its own address, so it is another.)
        </dt>
        <dd>
          <CommandLine command={`alcove vm forward ${hostname} -L 127.0.0.2:9000:127.0.0.1:80`} />
        </dd>
        <dt>SSH, where its image has a server; keys are the default user's</dt>
        <dd className="reach-card-steps">
          {hasAddress ? (
            <CommandLine command={`ssh alcove@${vm.ip}`} />
          ) : (
            <>
              <CommandLine command={`alcove vm forward ${hostname} -L 2222:127.0.0.1:22`} />
              <CommandLine command="ssh -p 2222 alcove@127.0.0.1" />
            </>
          )}
        </dd>
      </dl>
    </Card>
  );
}
