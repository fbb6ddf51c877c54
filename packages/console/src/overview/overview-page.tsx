/** Overview. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function OverviewPage() {
  return (
    <Page title="Overview">
      <PageLoading />
    </Page>
  );
}
