import assert from "node:assert/strict";
import { test } from "node:test";

import { whileVisible } from "./while-visible.ts";

/** Stands in for the browser's tab. */
class Tab extends EventTarget {
  visibilityState: "visible" | "hidden" = "visible";

  turn(to: "visible" | "hidden"): void {
    this.visibilityState = to;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

test("visible: what lasts is kept for ten seconds in a tab that is left, and opened when one comes back", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const tab = new Tab();
  Object.assign(globalThis, { document: tab, window: new EventTarget() });
  const done: string[] = [];
  const end = whileVisible({ open: () => done.push("open"), close: () => done.push("close") });
  tab.turn("hidden");
  context.mock.timers.tick(9_000);
  tab.turn("visible");
  context.mock.timers.tick(9_000);
  assert.deepEqual(done, ["open", "open"]);
  tab.turn("hidden");
  context.mock.timers.tick(10_000);
  assert.deepEqual(done, ["open", "open", "close"]);
  tab.turn("visible");
  end();
  tab.turn("hidden");
  context.mock.timers.tick(60_000);
  assert.deepEqual(done, ["open", "open", "close", "open", "close"]);
});
