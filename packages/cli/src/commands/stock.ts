/** The verbs about what a host keeps for VMs to come. */

import { image } from "./image.ts";
import { secret } from "./secret.ts";
import { pool } from "./pool.ts";
import { template } from "./template.ts";

export const STOCK_VERBS = [secret, image, template, pool];
