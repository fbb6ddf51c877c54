/** Which domain leads where, as HAProxy reads and says it. Pure. */

/** bare addresses by domain */
export type DomainMap = ReadonlyMap<string, string>;

/** Names come from outside, and become words of a command. */
const NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
const ADDRESS = /^[0-9a-f.:]+$/;

export function isDomain(name: string): boolean {
  return NAME.test(name);
}

/** As a file; sorted, so that the same map is the same text. */
export function formatMap(map: DomainMap): string {
  return entriesOf(map)
    .map(([name, address]) => `${name} ${address}\n`)
    .join("");
}

/** @returns commands that put the map in the place of the one that HAProxy has, all of it at once */
export function replacingCommands(file: string, version: string, map: DomainMap): string[] {
  const added = entriesOf(map).map(
    ([name, address]) => `add map @${version} ${file} ${name} ${address}`,
  );
  return [...added, `commit map @${version} ${file}`];
}

/** @param answer to `prepare map`. @throws Error when HAProxy refuses */
export function preparedVersion(answer: string): string {
  const version = /^New version created: (\d+)/.exec(answer.trim())?.[1];
  if (version !== undefined) return version;
  throw new Error(`HAProxy does not take another map: ${answer.trim()}`);
}

/** @param answer to `show map`: a pointer, the key and the value on each line */
export function shownMap(answer: string): DomainMap {
  const entries = answer
    .split("\n")
    .map((line) => /^0x[0-9a-f]+ (\S+) (\S+)$/.exec(line.trim()))
    .flatMap((found) => (found ? [[found[1] ?? "", found[2] ?? ""] as const] : []));
  return new Map(entries);
}

export function isSameMap(one: DomainMap, other: DomainMap): boolean {
  return formatMap(one) === formatMap(other);
}

/** @param csv answer to `show stat`: a header that begins with `#`, and a row for each of its parts */
export function statRows(csv: string): readonly Readonly<Record<string, string>>[] {
  const [header = "", ...rows] = csv.trim().split("\n");
  const names = header.replace(/^# /, "").split(",");
  return rows
    .filter((row) => row !== "")
    .map((row) => {
      const values = row.split(",");
      const cells = names.map((name, index) => [name, values[index] ?? ""] as const);
      return Object.fromEntries(cells.filter(([name, value]) => name !== "" && value !== ""));
    });
}

function entriesOf(map: DomainMap): readonly (readonly [string, string])[] {
  return [...map]
    .filter(([name, address]) => isDomain(name) && ADDRESS.test(address))
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}
