/** Images. */

import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";

export function ImagesPage() {
  return (
    <Page title="Images">
      <PageLoading />
    </Page>
  );
}
