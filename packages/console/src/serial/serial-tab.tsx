/** Serial console of one VM. */



import { RowsLoading } from "../ui/page-loading.tsx";
import type { VmState } from "../vm/vm-state.ts";

export function SerialTab(_props: { readonly vm: VmState }) {
  return <RowsLoading />;
}
