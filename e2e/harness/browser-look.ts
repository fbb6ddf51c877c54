/** How a page looks, in both themes and three widths: pictures for people, and what a machine can judge of it. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { sizeOf, type Width } from "./browser-window.ts";
import type { Theme, Visit } from "./browser-visit.ts";
import { ROOT, STATE } from "./can-run.ts";
import { asObject, asObjects, type JsonObject, textIn } from "./json-value.ts";

/** what stays after a run for people to look at; git ignores it */
export const PICTURES = path.join(STATE, "test-artefacts/console");

const AXE = readFileSync(path.join(ROOT, "node_modules/axe-core/axe.min.js"), "utf8");
const THEMES: readonly Theme[] = ["light", "dark"];
const WIDTHS: readonly Width[] = [360, 1440, 2560];
/** also what axe does not ask for by itself: room for fingers */
const RULES = `{resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}`;

/**
 * Takes pictures of what is shown now, `<name>-<theme>-<width>.png`, and fails when the page scrolls sideways or axe
 * finds anything. The visit is left in the light, 1440 wide.
 */
export async function look(visit: Visit, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  for (const theme of THEMES) {
    await visit.page.emulateMedia({ colorScheme: theme });
    for (const width of WIDTHS) {
      await visit.page.setViewportSize(sizeOf(width));
      await picture(visit, `${name}-${theme}-${width}`);
      await assertNoScrollSideways(visit, `${name} at ${width}`);
    }
    await visit.page.setViewportSize(sizeOf(1440));
    await assertAccessible(visit, `${name}, ${theme}`);
  }
  await visit.page.emulateMedia({ colorScheme: "light" });
}

/** One picture of what is shown now. */
export async function picture(visit: Visit, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  const file = path.join(PICTURES, `${name}.png`);
  await visit.page.screenshot({ path: file, animations: "disabled", caret: "hide" });
}

/** Fails with what axe finds, each with where it is. */
export async function assertAccessible(visit: Visit, what: string): Promise<void> {
  const there = await visit.evaluate("typeof axe");
  if (there === "undefined") await visit.evaluate(`${AXE};undefined`);
  const result = asObject(await visit.evaluate(`axe.run(${RULES})`));
  const found = asObjects(result["violations"]).map((violation) => inWords(violation));
  assert.deepEqual(found, [], `axe on ${what}`);
}

function inWords(violation: JsonObject): string {
  const places = asObjects(violation["nodes"])
    .map((node) => `${textIn(node, "html")}\n    ${textIn(node, "failureSummary")}`)
    .join("\n  ");
  return `${textIn(violation, "id")}: ${textIn(violation, "help")}\n  ${places}`;
}

async function assertNoScrollSideways(visit: Visit, what: string): Promise<void> {
  const beyond = await visit.evaluate(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const widest = [...document.querySelectorAll("body *")]
      .filter((it) => it.getBoundingClientRect().right > clientWidth + 1)
      .slice(0, 3)
      .map((it) => it.outerHTML.slice(0, 120));
    return scrollWidth > clientWidth ? { scrollWidth, clientWidth, widest } : null;
  })()`);
  assert.deepEqual(beyond, null, `${what} scrolls sideways`);
}
