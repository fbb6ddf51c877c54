/** Routed networks and redirected ports: real guests, in a network namespace that is a host of its own. */

import path from "node:path";
import { test } from "node:test";

import { cannotRun } from "./harness/can-run.ts";
import { passInOwnNetwork } from "./harness/own-network.ts";

const skip = process.getuid?.() === 0 ? cannotRun : "network namespaces are root's";

test("network routed", { skip }, (t) => {
  passInOwnNetwork(t, path.join(import.meta.dirname, "parts/routed-network.ts"));
});
