/** What this surface's routes say of themselves in the OpenAPI document. */

import type { Operations } from "../operation.ts";
import { commitOperations } from "./operations/commits.ts";
import { connectionOperations } from "./operations/connections.ts";
import { fileOperations } from "./operations/files.ts";
import { hostOperations } from "./operations/hosts.ts";
import { programOperations } from "./operations/programs.ts";
import { vmOperations } from "./operations/vms.ts";

export const slicerOperations: Operations = {
  ...hostOperations,
  ...vmOperations,
  ...commitOperations,
  ...programOperations,
  ...fileOperations,
  ...connectionOperations,
};
