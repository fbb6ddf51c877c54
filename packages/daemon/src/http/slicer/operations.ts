/** What this surface's routes say of themselves in the OpenAPI document. */

import type { Operations } from "../operation.ts";
import { guestOperations } from "./operations/guests.ts";
import { hostOperations } from "./operations/hosts.ts";
import { vmOperations } from "./operations/vms.ts";

export const slicerOperations: Operations = {
  ...hostOperations,
  ...vmOperations,
  ...guestOperations,
};
