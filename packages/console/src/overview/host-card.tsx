/** What the host is. */

import { Link } from "wouter";

import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { Facts } from "../ui/facts.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { type Host, acceleratorOf, hypervisorOf, poolsOf, templatesOf, wallOf } from "./host.ts";

export function HostCard({ host }: { readonly host: Host }) {
  const wall = wallOf(host);
  return (
    <Card
      title="Host"
      actions={<Badge tone={host.isolation === "hardware" ? "good" : "warn"}>{wall.name}</Badge>}
    >
      <Facts
        rows={[
          ["Name", host.hostname],
          ["Isolation", wall.meaning],
          ["Acceleration", acceleratorOf(host)],
          // Where it is worth a warning, that says why.
          ["Why", host.isolation === "hardware" ? host.acceleratorReason : undefined],
          ["Hypervisor", hypervisorOf(host)],
          ["Processor", host.cpuModel],
          ["Kernel", host.kernel],
          ["Alcove", `${host.version}, Node ${host.node.replace(/^v/, "")}`],
          ["Daemon runs for", <RelativeTime key="up" at={host.startedAt} bare />],
          [
            "Templates",
            <Link key="templates" href="/templates">
              {templatesOf(host)}
            </Link>,
          ],
          ["Machines ahead", poolsOf(host)],
          ["Aleph node", host.aleph.on ? <AlephLink key="aleph" port={host.aleph.port} /> : "Off"],
        ]}
      />
    </Card>
  );
}

function AlephLink({ port }: { readonly port: number | undefined }) {
  return <Link href="/aleph">{port === undefined ? "On" : `On, at port ${port}`}</Link>;
}
