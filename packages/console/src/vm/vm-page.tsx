/** VM. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function VmPage() {
  return (
    <Page title="VM">
      <PageLoading />
    </Page>
  );
}
