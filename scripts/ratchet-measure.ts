/**
 * Counts the eight things that must not grow. Reads syntax, not text, wherever it can.
 *
 * Tests are left out of the two sizes (a story may be long) but not of the counts.
 */

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "@typescript/typescript6";
import { sourceFiles } from "./source-files.ts";

const LONG_FILE_LINES = 200;

export interface Numbers {
  /** lines of the longest file that is not a test */
  readonly longestFile: number;
  /** lines of the longest function that is not in a test */
  readonly longestFunction: number;
  /** files of more than 200 lines, tests left out */
  readonly filesOver200Lines: number;
  /** `as` and angle-bracket assertions, `as const` left out */
  readonly casts: number;
  /** comments that silence the linter or the compiler */
  readonly disables: number;
  readonly anys: number;
  /** places in tests that skip or postpone one */
  readonly skippedTests: number;
  /** packages named in any package.json, our own left out */
  readonly directDependencies: number;
}

/** What one file adds. */
export interface FileNumbers {
  readonly lines: number;
  readonly longestFunction: number;
  readonly casts: number;
  readonly disables: number;
  readonly anys: number;
  readonly skips: number;
}

const DISABLE = /(?:\/\/|\/\*)\s*(?:(?:ox|es)lint-disable|@ts-(?:ignore|expect-error|nocheck))/g;
const SKIP_CALL =
  /\b(?:test|it|describe|suite|context|t)\.(?:skip|todo)\(|[{,]\s*(?:skip|todo)\b\s*[:,}]/g;
/** tests and what only tests import */
const TEST_FILE = /\.(?:test|e2e)\.ts$|\/src\/testing\/|\/drivers\/conformance[^/]*\.ts$/;

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

export function measureFile(path: string, text: string): FileNumbers {
  const found = { longestFunction: 0, casts: 0, anys: 0 };
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const lineOf = (offset: number): number => file.getLineAndCharacterOfPosition(offset).line;
  for (const node of nodesOf(file)) {
    if (ts.isAssertionExpression(node) && !ts.isConstTypeReference(node.type)) found.casts += 1;
    if (node.kind === ts.SyntaxKind.AnyKeyword) found.anys += 1;
    if (!ts.isFunctionLike(node)) continue;
    const lines = lineOf(node.end) - lineOf(node.getStart(file)) + 1;
    found.longestFunction = Math.max(found.longestFunction, lines);
  }
  const lines = text.endsWith("\n") ? lineOf(text.length) : lineOf(text.length) + 1;
  const skips = TEST_FILE.test(path) ? count(text, SKIP_CALL) : 0;
  return { ...found, lines, disables: count(text, DISABLE), skips };
}

/** One file with what it adds. */
export interface MeasuredFile extends FileNumbers {
  readonly path: string;
  /** a test, or something that only tests import */
  readonly isTest: boolean;
}

export function measureFiles(root: string): MeasuredFile[] {
  return sourceFiles(root).map((path) => ({
    path,
    isTest: TEST_FILE.test(path),
    ...measureFile(path, readFileSync(join(root, path), "utf8")),
  }));
}

export function measure(root: string, files: readonly MeasuredFile[]): Numbers {
  const product = files.filter(({ isTest }) => !isTest);
  const sum = (of: (file: FileNumbers) => number): number =>
    files.reduce((total, file) => total + of(file), 0);
  return {
    longestFile: Math.max(0, ...product.map(({ lines }) => lines)),
    longestFunction: Math.max(0, ...product.map(({ longestFunction }) => longestFunction)),
    filesOver200Lines: product.filter(({ lines }) => lines > LONG_FILE_LINES).length,
    casts: sum(({ casts }) => casts),
    disables: sum(({ disables }) => disables),
    anys: sum(({ anys }) => anys),
    skippedTests: sum(({ skips }) => skips),
    directDependencies: directDependencies(root).size,
  };
}

function directDependencies(root: string): Set<string> {
  const names = globSync(["package.json", "packages/*/package.json"], { cwd: root }).flatMap(
    (path) => {
      const manifest: Manifest = JSON.parse(readFileSync(join(root, path), "utf8"));
      const { dependencies, devDependencies, optionalDependencies } = manifest;
      return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    },
  );
  return new Set(names.filter((name) => !name.startsWith("@alcove/")));
}

/** Every syntax node under `start`, in no promised order. */
function* nodesOf(start: ts.Node): Generator<ts.Node> {
  const waiting = [start];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    yield node;
    ts.forEachChild(node, (child) => void waiting.push(child));
  }
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
