/** What a VM is. */

import { Link } from "wouter";

import { Card } from "../ui/card.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Facts } from "../ui/facts.tsx";
import { bytes } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import { egressOf, kindOf, memoryOf, networkOf, originOf, sizeOf } from "./fact-words.ts";
import "./vm-facts.css";
import type { VmState } from "./vm-state.ts";

export function VmFacts({ vm }: { readonly vm: VmState }) {
  const { receipt } = vm;
  return (
    <Card title="Facts">
      <Facts
        rows={[
          ["Size", sizeOf(vm)],
          ["Image", vm.image],
          ["Kind", kindOf(vm)],
          ["Group", vm.group],
          ["Address", vm.ip === undefined ? undefined : <Address key="ip" ip={vm.ip} />],
          ["Network", networkOf(vm)],
          ["May reach", egressOf(vm)],
          ["Secrets", <SecretNames key="secrets" names={vm.secrets} />],
          ["Origin", originOf(vm)],
          ["Created", <RelativeTime key="created" at={vm.createdAt} exact />],
          [`${vm.phase} since`, <RelativeTime key="since" at={vm.since} bare exact />],
          ["Host's memory", memoryOf(vm)],
          ["Promised to it", bytes(vm.memory.reservedBytes)],
          [
            "Newest commit",
            vm.commitId && (
              <Link key="commit" href="/commits">
                {vm.commitId}
              </Link>
            ),
          ],
          ["As a copy", receipt && receiptWords(receipt)],
          ["Id", <code key="id">{vm.id}</code>],
        ]}
      />
    </Card>
  );
}

function Address({ ip }: { readonly ip: string }) {
  return (
    <span className="vm-facts-address mono">
      {ip} <CopyButton text={ip} label="Copy the address" />
    </span>
  );
}

function SecretNames({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return <span className="muted">It sees none.</span>;
  return <Link href="/secrets">{names.join(", ")}</Link>;
}

/** What its agent has confirmed. */
function receiptWords(receipt: NonNullable<VmState["receipt"]>): string {
  const keys = {
    renewed: "SSH host keys are new",
    none: "it has no SSH host keys",
    kept: "SSH host keys are the source's",
  };
  const cut = receipt.connectionsCut;
  const connections = cut === 0 ? "" : `, ${cut} of the source's connections were ended`;
  return `Its agent confirmed: random numbers are seeded anew, host name and machine id are its own, ${keys[receipt.sshHostKeys]}${connections}.`;
}
