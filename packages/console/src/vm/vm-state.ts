/** A VM as pages have it: what the SDK's `client.accounts()` and `vm.account()` give. */

import type { CamelKeys, VmDetails, VmEvent, VmSummary } from "@alcove/sdk/browser/index.ts";

/** one row of the list of VMs */
export type VmRow = CamelKeys<VmSummary>;

/** all that is known of one */
export type VmState = CamelKeys<VmDetails>;

/** something that happened to one */
export type VmHappening = CamelKeys<VmEvent>;
