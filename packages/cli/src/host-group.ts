/** Which group a command means when it was not told. */

import type { HostApi } from "@alcove/sdk";

import { UsageError } from "./failure.ts";
import { printableLine } from "./printable.ts";

/** The given group, or the host's only one. */
export async function chooseGroup(
  client: HostApi,
  given: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (given !== undefined) return given;
  const groups = await client.hostGroups(signal);
  const [first, ...others] = groups.map(({ name }) => name);
  if (first === undefined) throw new UsageError("The daemon has no host group to launch in");
  if (others.length === 0) return first;
  const names = [first, ...others].map(printableLine).join(", ");
  throw new UsageError(`The daemon has several host groups, name one of: ${names}`);
}
