/** VMs. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function VmsPage() {
  return (
    <Page title="VMs">
      <PageLoading />
    </Page>
  );
}
