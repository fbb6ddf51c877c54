/** Secrets. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function SecretsPage() {
  return (
    <Page title="Secrets">
      <PageLoading />
    </Page>
  );
}
