/** API reference. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function ReferencePage() {
  return (
    <Page title="API reference">
      <PageLoading />
    </Page>
  );
}
