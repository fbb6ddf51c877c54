/** Both dark themes are the same one, and every text can be read on what it stands on. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const css = readFileSync(path.join(import.meta.dirname, "tokens.css"), "utf8");

/** The custom properties of the rule whose selector ends so. */
function tokensOf(selector: string): ReadonlyMap<string, string> {
  const at = css.indexOf(`${selector} {`);
  assert.ok(at >= 0, selector);
  const body = css.slice(at, css.indexOf("}", at));
  return new Map(
    [...body.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** WCAG 2.2, relative luminance. @param colour `#rrggbb` */
function luminance(colour: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((it) =>
    it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const TONES = ["good", "busy", "warn", "bad", "rest", "sleep"];
const PAIRS: readonly (readonly [string, string])[] = [
  ...["--ground", "--surface", "--surface-2"].flatMap((ground) =>
    ["--text", "--text-2", "--text-3", "--accent", "--bad"].map((text) => [text, ground] as const),
  ),
  ...TONES.map((tone) => [`--${tone}`, `--${tone}-soft`] as const),
  ["--accent-strong", "--accent-soft"],
  ["--text", "--accent-soft"],
  ["--text", "--bad-soft"],
  ["--on-accent", "--accent"],
  ["--on-accent", "--accent-strong"],
  ["--terminal-text", "--terminal-ground"],
];

const THEMES = { light: ':root[data-theme="light"]', dark: ':root[data-theme="dark"]' };

for (const [theme, selector] of Object.entries(THEMES)) {
  test(`tokens: every text of the ${theme} theme has a contrast of 4.5 at least`, () => {
    const tokens = tokensOf(selector);
    const tooFaint = PAIRS.map(([text, ground]) => {
      const ratio = contrast(tokens.get(text) ?? "#000000", tokens.get(ground) ?? "#000000");
      return { text, ground, ratio };
    }).filter(({ ratio }) => ratio < 4.5);
    assert.deepEqual(tooFaint, []);
  });
}

for (const [theme, selector] of Object.entries(THEMES)) {
  test(`tokens: the edge of a field of the ${theme} theme has a contrast of 3 at least`, () => {
    const tokens = tokensOf(selector);
    const edge = tokens.get("--line-control") ?? "#000000";
    for (const ground of ["--ground", "--surface"]) {
      assert.ok(contrast(edge, tokens.get(ground) ?? "#000000") >= 3, ground);
    }
  });
}

test("tokens: dark by the system's choice is dark by the user's", () => {
  const bySystem = tokensOf(':root:not([data-theme="light"])');
  assert.ok(bySystem.size > 30);
  assert.deepEqual(bySystem, tokensOf(THEMES.dark));
});
