/** Execution. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function ExecutionPage() {
  return (
    <Page title="Execution">
      <PageLoading />
    </Page>
  );
}
