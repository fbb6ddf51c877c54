/** What is told of a node where there is one. */

import type { AlephNode } from "@alcove/sdk/browser/index.ts";

export type NodeThatIsOn = Extract<AlephNode, { on: true }>;
