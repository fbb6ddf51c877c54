/** Templates. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function TemplatesPage() {
  return (
    <Page title="Templates">
      <PageLoading />
    </Page>
  );
}
