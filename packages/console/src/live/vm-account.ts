/** A VM as lists show it. */

import type { CamelKeys, VmSummary } from "@alcove/sdk/browser/index.ts";

export type VmAccount = CamelKeys<VmSummary>;
