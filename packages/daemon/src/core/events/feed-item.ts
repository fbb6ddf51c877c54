/** What readers of the feed are told. */

import type { VmEvent } from "../ports/vm-store.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { Changed, HostSample } from "./host-events.ts";

export type FeedItem =
  /** what came behind the reader's place is not kept any more; it goes on behind `newest` */
  | { readonly kind: "gap"; readonly oldest: number; readonly newest: number }
  /** `vm`: `undefined` when it is gone */
  | { readonly kind: "vm"; readonly event: VmEvent; readonly vm: VmSupervisor | undefined }
  | { readonly kind: "changed"; readonly changed: Changed }
  | { readonly kind: "host"; readonly sample: HostSample };
