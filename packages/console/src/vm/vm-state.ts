/** A VM as pages have it: what the SDK's `vm.account()` and `vm.timeline()` give. */

import type { CamelKeys, VmDetails, VmEvent } from "@alcove/sdk/browser/index.ts";

/** all that is known of one */
export type VmState = CamelKeys<VmDetails>;

/** something that happened to one */
export type VmHappening = CamelKeys<VmEvent>;
