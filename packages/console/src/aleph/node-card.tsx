/** What the node is, and where it is reached. */

import { Card } from "../ui/card.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Facts } from "../ui/facts.tsx";
import type { NodeThatIsOn } from "./node-that-is-on.ts";
import "./node-card.css";

const PAYMENT: Readonly<Record<string, string>> = {
  none: "not asked for",
  local: "by the ledger of its own store",
  network: "as the network says",
};

const CONFIDENTIAL: Readonly<Record<string, string>> = {
  off: "not offered",
  sev: "AMD SEV",
  simulated: "simulated: protects nobody from anything",
};

export function NodeCard({ node }: { readonly node: NodeThatIsOn }) {
  const names = [node.domain, ...node.extra_domains];
  return (
    <Card title="Node">
      <Facts
        rows={Object.entries({
          Name: names.join(", "),
          "Listens on": <span className="mono">{`${node.address}:${node.port}`}</span>,
          Version: node.version,
          "Messages from": node.offline
            ? "its own store alone (offline)"
            : "its store, then the network",
          Payment: PAYMENT[node.payment] ?? node.payment,
          "Confidential VMs": CONFIDENTIAL[node.confidential] ?? node.confidential,
          "Operator's token": (
            <span className="node-card-file">
              <span className="mono">{node.login_token}</span>
              <CopyButton text={node.login_token} label="Copy the file's path" />
            </span>
          ),
        })}
      />
    </Card>
  );
}
