import assert from "node:assert/strict";
import { test } from "node:test";

import type * as wire from "@alcove/api";

import type * as shapes from "./native-host-shapes.ts";

/** `true` when either can stand for the other; anything else does not compile below */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

const SAME: readonly true[] = [
  true satisfies Same<wire.Group, shapes.Group>,
  true satisfies Same<wire.HostMeters, shapes.HostMeters>,
  true satisfies Same<wire.HostState, shapes.HostState>,
  true satisfies Same<wire.HostSample, shapes.HostSample>,
  true satisfies Same<wire.VmMeters, shapes.VmMeters>,
];

test("native shapes of the host: the types check holds them to the schemas", () => {
  assert.equal(SAME.length, 5);
});
