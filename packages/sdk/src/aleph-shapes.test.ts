import assert from "node:assert/strict";
import { test } from "node:test";

import type * as wire from "@alcove/api";

import type * as shapes from "./aleph-shapes.ts";

/** `true` when either can stand for the other; anything else does not compile below */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

const SAME: readonly true[] = [
  true satisfies Same<wire.AlephNode, shapes.AlephNode>,
  true satisfies Same<wire.AlephUsage, shapes.AlephUsage>,
  true satisfies Same<wire.AlephExecution, shapes.AlephExecution>,
  true satisfies Same<wire.AlephExecutionDetails, shapes.AlephExecutionDetails>,
  true satisfies Same<wire.AlephRun, shapes.AlephRun>,
  true satisfies Same<wire.AlephLogLine, shapes.AlephLogLine>,
  true satisfies Same<wire.AlephAction, shapes.AlephAction>,
  true satisfies Same<wire.AlephConfig, shapes.AlephConfig>,
  true satisfies Same<wire.AlephCheck, shapes.AlephCheck>,
  true satisfies Same<wire.AlephDone, shapes.AlephDone>,
];

test("shapes of an Aleph node: the types check holds them to the schemas", () => {
  assert.equal(SAME.length, 10);
});
