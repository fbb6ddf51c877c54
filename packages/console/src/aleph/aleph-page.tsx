/** The host's node of the Aleph network: how it is doing, what it runs, and what its operator may see. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Badge } from "../ui/badge.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import "./aleph-page.css";
import { ChecksCard } from "./checks-card.tsx";
import { ExecutionsCard } from "./executions-card.tsx";
import { NodeCard } from "./node-card.tsx";
import type { NodeThatIsOn } from "./node-that-is-on.ts";
import { OperatorCard } from "./operator-card.tsx";
import { SettingsCard } from "./settings-card.tsx";
import { NodeUseCard } from "./node-use-card.tsx";

const TITLE = "Aleph node";

export function AlephPage() {
  const node = useQuery({
    queryKey: KEYS.aleph,
    queryFn: ({ signal }) => client.aleph.node({ signal }),
  });
  if (node.isPending) return <PageLoading />;
  if (node.error)
    return (
      <Page title={TITLE}>
        <ErrorNote error={node.error} onRetry={() => void node.refetch()} />
      </Page>
    );
  return node.data.on ? <NodeOn node={node.data} /> : <NodeOff />;
}

function NodeOn({ node }: { readonly node: NodeThatIsOn }) {
  const { running, known } = node.executions;
  return (
    <Page
      title={TITLE}
      beside={<Badge tone="good">on</Badge>}
      lead={`${node.domain} runs ${running} of the ${known} executions that it knows.`}
    >
      <ExecutionsCard />
      <div className="aleph-page-cards">
        <NodeCard node={node} />
        <NodeUseCard />
        <ChecksCard />
        <OperatorCard node={node} />
      </div>
      {node.operator && <SettingsCard />}
    </Page>
  );
}

function NodeOff() {
  return (
    <Page title={TITLE}>
      <EmptyState title="This host is no node of the Aleph network">
        <div className="aleph-page-off">
          <p>
            A node runs instances and programs that people publish on the network, beside the VMs of
            this host and apart from them: each belongs to the wallet of its owner. It has an API of
            its own, on port 4020 of this machine.
          </p>
          <p>To make this host one, start the daemon with this setting:</p>
          <CommandLine command="ALCOVE_ALEPH=on npm start" />
          <p className="muted">
            It takes nothing from the network until you let it: without further settings it works
            offline, from messages that its administrator has put into its store.
          </p>
        </div>
      </EmptyState>
    </Page>
  );
}
