/**
 * Reads a mapping of the configuration file key by key, and remembers what was wrong with it.
 *
 * Every read says what it expects; `finish` names the keys that nobody read. A key without a value
 * counts as absent.
 */

import { didYouMean } from "./nearest.ts";
import type { Remark, YamlEntry, YamlNode } from "./yaml-tree.ts";

/** What is wrong (the daemon does not start) and what is only worth saying, line by line. */
export class Remarks {
  readonly #problems: Remark[] = [];
  readonly #warnings: Remark[] = [];

  problem(line: number, text: string): void {
    this.#problems.push({ line, text });
  }

  warning(line: number, text: string): void {
    this.#warnings.push({ line, text });
  }

  get problems(): readonly Remark[] {
    return this.#problems.toSorted((a, b) => a.line - b.line);
  }

  get warnings(): readonly Remark[] {
    return this.#warnings.toSorted((a, b) => a.line - b.line);
  }
}

/** A value of a list, with the line it stands on. */
export interface Item {
  readonly text: string;
  readonly line: number;
}

type Scalar = string | number | boolean;

/** YAML 1.1's words, which Slicer's own reader takes where a boolean is expected */
const BOOLEANS: ReadonlyMap<Scalar, boolean> = new Map<Scalar, boolean>([
  ...[true, "yes", "Yes", "YES", "on", "On", "ON"].map((word) => [word, true] as const),
  ...[false, "no", "No", "NO", "off", "Off", "OFF"].map((word) => [word, false] as const),
]);

export class MapReader {
  /** how the mapping is called in messages, such as `config.api`; empty is the file itself */
  readonly path: string;
  /** where it begins */
  readonly line: number;
  readonly #entries: ReadonlyMap<string, YamlEntry>;
  readonly #known = new Set<string>();
  readonly #remarks: Remarks;

  /** What is no mapping is said, and read as an empty one. */
  constructor(node: YamlNode, path: string, remarks: Remarks) {
    this.path = path;
    this.line = node.line;
    this.#remarks = remarks;
    const entries = node.kind === "map" ? node.entries : [];
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]));
    if (node.kind !== "map")
      remarks.problem(node.line, `${this.#name()} must be a mapping of keys`);
  }

  /** Says what is wrong with a key's value. */
  problem(key: string, text: string): void {
    this.#remarks.problem(this.lineOf(key), `${this.#name(key)} ${text}`);
  }

  /** Says what will be different from what a key asks for. */
  warning(key: string, text: string): void {
    this.#remarks.warning(this.lineOf(key), `${this.#name(key)} ${text}`);
  }

  lineOf(key: string): number {
    return this.#entries.get(key)?.line ?? this.line;
  }

  /** Whether the key says anything: not absent, not null, no empty text, list or mapping. */
  isGiven(key: string): boolean {
    const node = this.#node(key);
    if (node?.kind === "map") return node.entries.length > 0;
    if (node?.kind === "list") return node.items.length > 0;
    return node !== undefined && node.value !== "";
  }

  /** Whether the key is a plain no. */
  saysNo(key: string): boolean {
    const node = this.#node(key);
    return node?.kind === "scalar" && node.value !== null && BOOLEANS.get(node.value) === false;
  }

  text(key: string): string | undefined {
    const node = this.#scalar(key, "text");
    return node?.text === "" ? undefined : node?.text;
  }

  boolean(key: string): boolean | undefined {
    const node = this.#scalar(key, "true or false");
    if (node === undefined) return undefined;
    const value = BOOLEANS.get(node.value);
    if (value === undefined) this.problem(key, `is ${shown(node.text)}; it must be true or false`);
    return value;
  }

  integer(key: string, [least, most]: readonly [number, number]): number | undefined {
    const expected = `a whole number from ${least} to ${most}`;
    const node = this.#scalar(key, expected);
    if (node === undefined) return undefined;
    const { value } = node;
    const fits = typeof value === "number" && Number.isInteger(value);
    if (fits && value >= least && value <= most) return value;
    this.problem(key, `is ${shown(node.text)}; it must be ${expected}`);
    return undefined;
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T | undefined {
    const text = this.text(key);
    const found = allowed.find((it) => it === text);
    if (text !== undefined && found === undefined) {
      const choices = `${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`;
      this.problem(key, `is ${shown(text)}; it may be ${choices}${didYouMean(text, allowed)}`);
    }
    return found;
  }

  /** a list of texts */
  texts(key: string): readonly Item[] {
    return this.#items(key).flatMap((item) => {
      if (item.kind === "scalar" && item.value !== null)
        return [{ text: item.text, line: item.line }];
      this.#remarks.problem(item.line, `${this.#name(key)} must be a list of texts`);
      return [];
    });
  }

  /** a list of mappings */
  maps(key: string): readonly MapReader[] {
    return this.#items(key).map(
      (item, index) => new MapReader(item, `${this.#name(key)}[${index}]`, this.#remarks),
    );
  }

  map(key: string): MapReader | undefined {
    const node = this.#node(key);
    return node === undefined ? undefined : new MapReader(node, this.#name(key), this.#remarks);
  }

  /** Names every key that was not read, with the nearest one that is. */
  finish(): void {
    for (const { key, line } of this.#entries.values()) {
      if (this.#known.has(key)) continue;
      const hint = didYouMean(key, this.#known);
      this.#remarks.problem(line, `${this.#name(key)} is no key of the configuration${hint}`);
    }
  }

  #items(key: string): readonly YamlNode[] {
    const node = this.#node(key);
    if (node === undefined) return [];
    if (node.kind === "list") return node.items;
    this.problem(key, "must be a list");
    return [];
  }

  #scalar(key: string, expected: string): { value: Scalar; text: string } | undefined {
    const node = this.#node(key);
    if (node === undefined) return undefined;
    if (node.kind === "scalar" && node.value !== null)
      return { value: node.value, text: node.text };
    this.problem(key, `must be ${expected}`);
    return undefined;
  }

  #node(key: string): YamlNode | undefined {
    this.#known.add(key);
    const node = this.#entries.get(key)?.value;
    return node?.kind === "scalar" && node.value === null ? undefined : node;
  }

  #name(key?: string): string {
    const names = [this.path, key].filter((name) => name !== undefined && name !== "");
    return names.length === 0 ? "the file" : names.join(".");
  }
}

const LONGEST_SHOWN = 60;

function shown(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}
