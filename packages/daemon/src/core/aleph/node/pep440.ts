/** Versions as Python packages have them: which of two is the newer. Source: PEP 440. */

export interface Version {
  readonly epoch: bigint;
  readonly release: readonly bigint[];
  readonly pre: readonly ["a" | "b" | "rc", bigint] | undefined;
  readonly post: bigint | undefined;
  readonly dev: bigint | undefined;
  /** parts of what comes after `+` */
  readonly local: readonly (bigint | string)[];
}

/** longer texts are no versions, whatever is in them */
const MAX_CHARS = 128;

const PATTERN = new RegExp(
  [
    /^\s*v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)/,
    /(?:[-_.]?(?<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<preNumber>\d+)?)?/,
    /(?:-(?<postAlone>\d+)|[-_.]?(?<post>post|rev|r)[-_.]?(?<postNumber>\d+)?)?/,
    /(?:[-_.]?(?<dev>dev)[-_.]?(?<devNumber>\d+)?)?/,
    /(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$/,
  ]
    .map((part) => part.source)
    .join(""),
  "i",
);

const PRE_KINDS: Readonly<Record<string, "a" | "b" | "rc">> = {
  a: "a",
  alpha: "a",
  b: "b",
  beta: "b",
  c: "rc",
  rc: "rc",
  pre: "rc",
  preview: "rc",
};

/** @returns `undefined` for what is none */
export function parseVersion(text: string): Version | undefined {
  const parts = text.length > MAX_CHARS ? undefined : PATTERN.exec(text)?.groups;
  if (!parts) return undefined;
  const preKind = PRE_KINDS[parts["pre"]?.toLowerCase() ?? ""];
  const alone = parts["postAlone"];
  return {
    epoch: BigInt(parts["epoch"] ?? "0"),
    release: (parts["release"] ?? "").split(".").map(BigInt),
    pre: preKind && [preKind, BigInt(parts["preNumber"] ?? "0")],
    post: numbered(alone ?? parts["post"], alone ?? parts["postNumber"]),
    dev: numbered(parts["dev"], parts["devNumber"]),
    local: localParts(parts["local"]),
  };
}

/** The one way to write it. */
export function formatVersion({ epoch, release, pre, post, dev, local }: Version): string {
  const parts = [
    epoch === 0n ? "" : `${epoch}!`,
    release.join("."),
    pre ? pre.join("") : "",
    post === undefined ? "" : `.post${post}`,
    dev === undefined ? "" : `.dev${dev}`,
    local.length === 0 ? "" : `+${local.join(".")}`,
  ];
  return parts.join("");
}

/** @returns negative when `one` is the older, 0 when they are the same */
export function compareVersions(one: Version, other: Version): number {
  return (
    compare(one.epoch, other.epoch) ||
    compareLists(withoutZeros(one.release), withoutZeros(other.release), compare) ||
    compareLists(preRank(one), preRank(other), compare) ||
    compare(one.post ?? -1n, other.post ?? -1n) ||
    compareDev(one.dev, other.dev) ||
    compareLists(one.local, other.local, compareLocal)
  );
}

/** a kind without a number has the number 0 */
function numbered(kind: string | undefined, number: string | undefined): bigint | undefined {
  return kind === undefined ? undefined : BigInt(number ?? "0");
}

function localParts(local: string | undefined): readonly (bigint | string)[] {
  if (local === undefined) return [];
  const parts = local.toLowerCase().split(/[-_.]/);
  return parts.map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
}

function withoutZeros(release: readonly bigint[]): readonly bigint[] {
  return release.slice(0, release.findLastIndex((part) => part !== 0n) + 1);
}

const PRE_RANKS = { a: 1n, b: 2n, rc: 3n } as const;

/** A development version of a release comes before that release's first alpha; the release itself after its last candidate. */
function preRank({ pre, post, dev }: Version): readonly bigint[] {
  if (pre) return [PRE_RANKS[pre[0]], pre[1]];
  return [dev !== undefined && post === undefined ? 0n : 4n];
}

function compareDev(one: bigint | undefined, other: bigint | undefined): number {
  if (one === undefined || other === undefined)
    return compare(BigInt(one === undefined), BigInt(other === undefined));
  return compare(one, other);
}

/** numbers come after words */
function compareLocal(one: bigint | string, other: bigint | string): number {
  if (typeof one === typeof other) return compare(one, other);
  return typeof one === "bigint" ? 1 : -1;
}

function compare<T extends bigint | string>(one: T, other: T): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function compareLists<T>(
  one: readonly T[],
  other: readonly T[],
  compareParts: (one: T, other: T) => number,
): number {
  for (const [index, part] of one.entries()) {
    const against = other[index];
    if (against === undefined) return 1;
    const difference = compareParts(part, against);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
