/**
 * YAML text as a tree whose every value knows its line. The only file that knows the YAML library.
 *
 * Aliases and merge keys (`<<`) are resolved, so whoever reads the tree need not know them.
 */

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";

export type YamlNode = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly kind: "map";
  readonly line: number;
  readonly entries: readonly YamlEntry[];
}

export interface YamlEntry {
  readonly key: string;
  /** of the key, counted from 1 */
  readonly line: number;
  readonly value: YamlNode;
}

export interface YamlList {
  readonly kind: "list";
  readonly line: number;
  readonly items: readonly YamlNode[];
}

export interface YamlScalar {
  readonly kind: "scalar";
  readonly line: number;
  /** what YAML takes it for */
  readonly value: string | number | boolean | null;
  /** as it was written, without quotes */
  readonly text: string;
}

/** Something about one line of the file, for people. */
export interface Remark {
  readonly line: number;
  readonly text: string;
}

/** Aliases can make a short file unfold without end: values there may be in the whole tree. */
const MAX_VALUES = 100_000;
/** levels of nesting; the deepest key of ours is on the fifth */
const MAX_DEPTH = 32;

/** @returns the tree, or what makes it none; an empty file is a null */
export function parseYaml(text: string): { readonly root: YamlNode } | readonly Remark[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const wrong = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    line: lines.linePos(pos[0]).line,
    text: message,
  }));
  if (wrong.length > 0) return wrong;
  const unfolding = new Unfolding(document, lines);
  const root = unfolding.node(document.contents, 0);
  return unfolding.problem ? [unfolding.problem] : { root };
}

class Unfolding {
  readonly #document: Document;
  readonly #lines: LineCounter;
  #values = 0;
  problem: Remark | undefined;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  node(node: unknown, depth: number): YamlNode {
    const line = this.#lineOf(node);
    this.#values += 1;
    if (this.#values > MAX_VALUES || depth > MAX_DEPTH) {
      this.problem ??= { line, text: "aliases and nesting unfold to more than a configuration is" };
    }
    if (this.problem) return { kind: "scalar", line, value: null, text: "" };
    if (isAlias(node)) return this.node(this.#target(node, line), depth + 1);
    if (isMap(node)) return { kind: "map", line, entries: this.#entries(node, depth) };
    if (isSeq(node)) {
      return { kind: "list", line, items: node.items.map((item) => this.node(item, depth + 1)) };
    }
    return isScalar(node) ? scalar(node, line) : { kind: "scalar", line, value: null, text: "" };
  }

  /** Keys of the map itself win over those it merges in, as everywhere in YAML. */
  #entries(map: YAMLMap, depth: number): readonly YamlEntry[] {
    const own: YamlEntry[] = [];
    const merged: YamlEntry[] = [];
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? scalar(key, 0).text : String(key);
      const read = this.node(value, depth + 1);
      if (name === "<<" && read.kind !== "scalar") merged.push(...entriesOf(read));
      else own.push({ key: name, line: this.#lineOf(key), value: read });
    }
    const known = new Set(own.map(({ key }) => key));
    return [...own, ...merged.filter(({ key }) => !known.has(key))];
  }

  #target(alias: Alias, line: number): unknown {
    const target = alias.resolve(this.#document);
    if (!target)
      this.problem ??= { line, text: `the alias *${alias.source} names no anchor before it` };
    return target;
  }

  #lineOf(node: unknown): number {
    const isNode = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
    return isNode && node.range ? this.#lines.linePos(node.range[0]).line : 1;
  }
}

/** of what stands behind a merge key: a map, or a list of maps of which the first wins */
function entriesOf(node: YamlNode): readonly YamlEntry[] {
  if (node.kind === "map") return node.entries;
  if (node.kind !== "list") return [];
  const found = new Map<string, YamlEntry>();
  for (const entry of node.items.flatMap(entriesOf)) {
    if (!found.has(entry.key)) found.set(entry.key, entry);
  }
  return [...found.values()];
}

function scalar({ value, source = "" }: Scalar, line: number): YamlScalar {
  const known =
    typeof value === "string" || typeof value === "boolean" || typeof value === "number";
  return { kind: "scalar", line, value: known ? value : null, text: source };
}
