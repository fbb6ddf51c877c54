import assert from "node:assert/strict";
import { test } from "node:test";

import type * as wire from "@alcove/api";

import type * as events from "./event-shapes.ts";
import type * as shapes from "./native-shapes.ts";
import type * as sessions from "./session-shapes.ts";

/** `true` when either can stand for the other; anything else does not compile below */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

const SAME: readonly true[] = [
  true satisfies Same<wire.Template, shapes.Template>,
  true satisfies Same<wire.TemplateWork, shapes.TemplateWork>,
  true satisfies Same<wire.TemplateList, shapes.TemplateList>,
  true satisfies Same<wire.TemplateOrder, shapes.TemplateOrder>,
  true satisfies Same<wire.Pool, shapes.Pool>,
  true satisfies Same<wire.VmSummary, shapes.VmSummary>,
  true satisfies Same<wire.VmEvent, events.VmEvent>,
  true satisfies Same<wire.StreamHello, events.StreamHello>,
  true satisfies Same<wire.StreamGap, events.StreamGap>,
  true satisfies Same<wire.StreamVm, events.StreamVm>,
  true satisfies Same<wire.StreamChanged, events.StreamChanged>,
  true satisfies Same<wire.VmDetails, shapes.VmDetails>,
  true satisfies Same<wire.VmStart, shapes.VmStart>,
  true satisfies Same<wire.SignIn, sessions.SignIn>,
  true satisfies Same<wire.Session, sessions.Session>,
  true satisfies Same<wire.SignInCode, sessions.SignInCode>,
];

test("native shapes: the types check holds them to the schemas", () => {
  assert.equal(SAME.length, 16);
});
