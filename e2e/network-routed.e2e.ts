/** Routed networks and redirected ports: real guests, in a network namespace that is a host of its own. */

import path from "node:path";

import { suiteInOwnNetwork } from "./harness/own-network.ts";

suiteInOwnNetwork("network routed", path.join(import.meta.dirname, "parts/routed-network.ts"));
