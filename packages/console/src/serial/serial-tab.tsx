/** Serial console of one VM. */

import type { VmDetails } from "@alcove/sdk/browser/index.ts";

import { RowsLoading } from "../ui/page-loading.tsx";

export function SerialTab(_props: { readonly vm: VmDetails }) {
  return <RowsLoading />;
}
