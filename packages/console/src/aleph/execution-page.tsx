/** One execution: what everybody is told of it, and for the node's operator whose it is, what it says and what ends it. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import type { AlephExecution } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import type { PageParams } from "../app/page-params.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { legible } from "../ui/visible.ts";
import type { NodeThatIsOn } from "./node-that-is-on.ts";
import { ExecutionActions } from "./execution-actions.tsx";
import { PublicFacts } from "./execution-facts.tsx";
import { OperatorsView } from "./execution-operators-view.tsx";
import "./execution-page.css";
import { shortHash, typeWords } from "./execution-words.ts";
import { OperatorCard } from "./operator-card.tsx";
import { StateBadge } from "./state-badge.tsx";

/** what it says is not announced */
const LOG_AGAIN_MS = 5_000;

export function ExecutionPage({ params }: { readonly params: PageParams }) {
  const hash = params["hash"] ?? "";
  const node = useQuery({
    queryKey: KEYS.aleph,
    queryFn: ({ signal }) => client.aleph.node({ signal }),
  });
  const list = useQuery({
    queryKey: KEYS.alephExecutions,
    queryFn: ({ signal }) => client.aleph.executions({ signal }),
    enabled: node.data?.on === true,
  });
  const error = node.error ?? list.error;
  const again = () => void Promise.all([node.refetch(), list.refetch()]);
  if (error)
    return (
      <Page title={shortHash(hash)}>
        <ErrorNote error={error} onRetry={again} />
      </Page>
    );
  if (!node.data || (node.data.on && !list.data)) return <PageLoading />;
  const found = list.data?.find((it) => it.hash === hash);
  if (!node.data.on || !found) return <NotHere hash={hash} />;
  return <Shown key={hash} execution={found} node={node.data} />;
}

function NotHere({ hash }: { readonly hash: string }) {
  return (
    <Page title={shortHash(hash)}>
      <EmptyState
        title="This node has no such execution"
        action={<Link href="/aleph">To the node's executions</Link>}
      >
        It was erased, or never here.
      </EmptyState>
    </Page>
  );
}

function Shown({
  execution,
  node,
}: {
  readonly execution: AlephExecution;
  readonly node: NodeThatIsOn;
}) {
  const { hash, type, state } = execution;
  const kind = typeWords(type);
  const details = useQuery({
    // Asked anew when the list has another state, which events keep current; not after it was erased.
    queryKey: [...KEYS.alephExecution(hash), state],
    queryFn: ({ signal }) => client.aleph.execution(hash, { signal }),
    enabled: node.operator,
    placeholderData: (before) => before,
    refetchInterval: state === "running" ? LOG_AGAIN_MS : false,
  });
  const known = node.operator ? details.data : undefined;
  const current = known ?? execution;
  return (
    <Page
      title={shortHash(hash)}
      beside={<StateBadge state={state} />}
      lead={`${/^[aeiou]/.test(kind) ? "An" : "A"} ${kind} on this host's Aleph node`}
      actions={known && <ExecutionActions details={known} />}
    >
      {known?.reason !== undefined && (
        <p className="execution-page-reason">{legible(known.reason)}</p>
      )}
      <div className="execution-page-cards">
        <PublicFacts execution={current} details={known} />
        {!node.operator && <OperatorCard node={node} />}
      </div>
      {details.error && <ErrorNote error={details.error} onRetry={() => void details.refetch()} />}
      {known && <OperatorsView details={known} />}
    </Page>
  );
}
