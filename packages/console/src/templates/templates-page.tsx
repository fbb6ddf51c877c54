/** Templates of memory, those that are being built, and the pools of machines made of them ahead. */

import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { BuildTemplateDialog } from "./build-template-dialog.tsx";
import { PoolTable } from "./pool-table.tsx";
import { TemplateTable } from "./template-table.tsx";
import type { Templates } from "./templates.ts";
import { TemplateWorks } from "./template-works.tsx";

export function TemplatesPage() {
  const [isBuilding, setBuilding] = useState(false);
  const templates = useQuery({
    queryKey: KEYS.templates,
    queryFn: ({ signal }) => client.templates.list({ signal }),
  });
  const { data } = templates;
  return (
    <Page
      title="Templates"
      lead="Guests that have booted already and were frozen: a VM of the same image and size begins there, in a fraction of a second, and shares their memory."
      actions={
        data?.enabled && (
          <Button kind="primary" icon={Plus} onClick={() => setBuilding(true)}>
            Build a template
          </Button>
        )
      }
    >
      {templates.error && (
        <ErrorNote error={templates.error} onRetry={() => void templates.refetch()} />
      )}
      {templates.isPending && (
        <Card title="Templates" flush>
          <RowsLoading rows={3} />
        </Card>
      )}
      {data && <Contents templates={data} onBuild={() => setBuilding(true)} />}
      <Pools />
      {isBuilding && <BuildTemplateDialog onClose={() => setBuilding(false)} />}
    </Page>
  );
}

function Contents({
  templates: { enabled, templates, underWay },
  onBuild,
}: {
  readonly templates: Templates;
  readonly onBuild: () => void;
}) {
  if (!enabled)
    return (
      <EmptyState title="This host uses no templates">
        They are turned off (ALCOVE_TEMPLATES=off), or its hypervisor has none: every VM boots.
      </EmptyState>
    );
  return (
    <>
      {underWay.length > 0 && <TemplateWorks works={underWay} />}
      {templates.length > 0 && (
        <Card title="Templates" flush>
          <TemplateTable templates={templates} />
        </Card>
      )}
      {templates.length + underWay.length === 0 && (
        <EmptyState
          title="There is no template yet"
          action={
            <Button kind="primary" icon={Plus} onClick={onBuild}>
              Build a template
            </Button>
          }
        >
          One is built by itself after the first VM of an image and size has booted. Build one now,
          and the first VM need not wait for its boot either.
        </EmptyState>
      )}
    </>
  );
}

/** Not shown where no group has one. */
function Pools() {
  const pools = useQuery({
    queryKey: KEYS.pools,
    queryFn: ({ signal }) => client.templates.pools({ signal }),
  });
  if (pools.error) return <ErrorNote error={pools.error} onRetry={() => void pools.refetch()} />;
  if (!pools.data || pools.data.length === 0) return undefined;
  return (
    <Card title="Pools of machines made ahead" flush>
      <PoolTable pools={pools.data} />
    </Card>
  );
}
