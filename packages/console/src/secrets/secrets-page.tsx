/** Secrets of the host: names and facts. What they say can be written here, and never read. */

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
import { SecretDialog } from "./secret-dialog.tsx";
import { SecretTable } from "./secret-table.tsx";

export function SecretsPage() {
  const [isAdding, setAdding] = useState(false);
  const secrets = useQuery({
    queryKey: KEYS.secrets,
    queryFn: ({ signal }) => client.secrets.list({ signal }),
  });
  const add = (
    <Button kind="primary" icon={Plus} onClick={() => setAdding(true)}>
      Add a secret
    </Button>
  );
  const { data } = secrets;
  return (
    <Page
      title="Secrets"
      lead="VMs find them as files in /run/slicer/secrets, in memory only. On the host they rest encrypted; nobody can read them here again."
      actions={data?.length === 0 ? undefined : add}
    >
      {secrets.error && <ErrorNote error={secrets.error} onRetry={() => void secrets.refetch()} />}
      {(secrets.isPending || (data && data.length > 0)) && (
        <Card title="Secrets" flush>
          {data ? <SecretTable secrets={data} /> : <RowsLoading rows={4} />}
        </Card>
      )}
      {data?.length === 0 && (
        <EmptyState title="There are no secrets yet" action={add}>
          Keep tokens, keys and passwords here that your VMs need. Each VM gets all of them, unless
          it is launched with some by name.
        </EmptyState>
      )}
      {isAdding && <SecretDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
