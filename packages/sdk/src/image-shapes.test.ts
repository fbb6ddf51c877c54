import assert from "node:assert/strict";
import { test } from "node:test";

import type * as wire from "@alcove/api";

import type * as shapes from "./image-shapes.ts";

/** `true` when either can stand for the other; anything else does not compile below */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

const SAME: readonly true[] = [
  true satisfies Same<wire.Image, shapes.Image>,
  true satisfies Same<wire.ImageList, shapes.ImageList>,
  true satisfies Same<wire.ImageOrder, shapes.ImageOrder>,
  true satisfies Same<wire.ImageWork, shapes.ImageWork>,
  true satisfies Same<wire.RemovedImage, shapes.RemovedImage>,
];

test("image shapes: the types check holds them to the schemas", () => {
  assert.equal(SAME.length, 5);
});
