/** What style sheets promise in the console's README, held to: colours are tokens, and nothing in them is for nobody. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const read = (pattern: string): ReadonlyMap<string, string> =>
  new Map(
    globSync(pattern, { cwd: import.meta.dirname }).map((file) => [
      file,
      readFileSync(path.join(import.meta.dirname, file), "utf8"),
    ]),
  );

const TOKENS = "ui/tokens.css";
const sheets = new Map(
  Array.from(read("**/*.css"), ([file, text]) => [file, text.replaceAll(/\/\*[^]*?\*\//g, "")]),
);
const code = Array.from(read("**/*.{ts,tsx}").values()).join("\n");
/** made by the libraries that draw terminals and charts */
const OTHERS = /^(?:xterm|u)-/;

function all(text: string, pattern: RegExp): readonly string[] {
  return Array.from(text.matchAll(pattern), ([, found = ""]) => found);
}

/** As it is, or made of a beginning and something that varies: `badge-${tone}`. */
function isUsed(name: string): boolean {
  const isWritten = new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(code);
  return isWritten || OTHERS.test(name) || code.includes(`${name.replace(/-[^-]*$/, "")}-\${`);
}

test("styles: every class is somebody's", () => {
  assert.ok(sheets.size > 20, `${sheets.size} style sheets were found`);
  const unused = Array.from(sheets, ([file, text]) =>
    [...new Set(all(text, /\.([a-zA-Z][\w-]*)/g))]
      .filter((name) => !isUsed(name))
      .map((name) => `${file}: .${name}`),
  );
  assert.deepEqual(unused.flat(), []);
});

test("styles: no two sheets have one name, whose classes would change each other's looks", () => {
  const names = [...sheets.keys()].map((file) => path.basename(file));
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

test("styles: a colour is a token, and every token is there and used", () => {
  const rest = [...sheets].filter(([file]) => file !== TOKENS);
  const colour = /(#[\da-f]{3,8}\b|(?:rgba?|hsla?|oklch|lab)\([^)]*\)|:\s*(?:white|black)\b)/gi;
  assert.deepEqual(
    rest.flatMap(([file, text]) => all(text, colour).map((found) => `${file}: ${found}`)),
    [],
  );
  const tokens = sheets.get(TOKENS) ?? "";
  const made = new Set(all(tokens, /(--[\w-]+):/g));
  const everything = `${[...sheets.values()].join("\n")}\n${code}`;
  const asked = new Set(all(everything, /var\((--[\w-]+)/g));
  const local = new Set(all(everything, /["\s{;](--[\w-]+)["\]]?:/g));
  assert.deepEqual(
    [...asked].filter((name) => !made.has(name) && !local.has(name)),
    [],
  );
  assert.deepEqual(
    [...made].filter((name) => !asked.has(name) && !code.includes(`"${name}"`)),
    [],
  );
});
