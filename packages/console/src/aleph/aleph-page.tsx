/** Aleph node. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function AlephPage() {
  return (
    <Page title="Aleph node">
      <PageLoading />
    </Page>
  );
}
