/** VMs that failed, why, and what can be done about each. */

import { Link } from "wouter";

import { vmAddress } from "../app/vm-address.ts";
import type { VmAccount } from "../live/vm-account.ts";
import { Card } from "../ui/card.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { legible } from "../ui/visible.ts";
import "./failed-card.css";
import { failedOf } from "./phases.ts";

/** the newest: the rest is in the list of VMs */
const SHOWN = 8;

export function FailedCard({ vms }: { readonly vms: readonly VmAccount[] }) {
  const failed = failedOf(vms);
  if (failed.length === 0) return null;
  return (
    <Card title="Failed" actions={<Link href="/vms?phase=failed">All that failed</Link>}>
      <ul className="failed-card">
        {failed.slice(0, SHOWN).map((vm) => (
          <Failed key={vm.id} vm={vm} />
        ))}
      </ul>
    </Card>
  );
}

function Failed({ vm }: { readonly vm: VmAccount }) {
  const canStart = vm.actions.includes("start");
  return (
    <li>
      <p className="failed-card-head">
        <Link href={vmAddress(vm.hostname)}>{vm.hostname}</Link>
        <span className="muted small">
          <RelativeTime at={vm.since} />
        </span>
      </p>
      <p>{legible(vm.reason ?? "No reason is known.")}</p>
      <p className="muted small">
        What it last said is on its{" "}
        <Link href={vmAddress(vm.hostname, "console")}>serial console</Link>.{" "}
        {canStart ? "Its disk is kept: start it again." : "Delete it when it is not needed."}
      </p>
    </li>
  );
}
