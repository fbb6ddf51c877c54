/** Commits. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function CommitsPage() {
  return (
    <Page title="Commits">
      <PageLoading />
    </Page>
  );
}
