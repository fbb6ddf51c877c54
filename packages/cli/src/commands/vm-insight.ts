/** The verbs that ask how a VM is. */

import { vmDescribe } from "./vm-describe.ts";
import { vmHealth, vmReady } from "./vm-health.ts";

export const INSIGHT_VERBS = [vmDescribe, vmHealth, vmReady];
