/** Which group a command means when it was not told. */

import type { HostApi } from "@alcove/sdk";
import type { Vm } from "@alcove/sdk/resources.ts";

import { EXIT } from "./exit-codes.ts";
import { CommandError, UsageError } from "./failure.ts";
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

/** @throws CommandError when no VM has that name */
export async function findVm(client: HostApi, hostname: string, signal: AbortSignal): Promise<Vm> {
  const vms = await client.listVms({}, signal);
  const vm = vms.find((one) => one.hostname === hostname);
  if (vm) return vm;
  const message = `There is no VM called ${printableLine(hostname)}; \`alcove vm list\` shows all`;
  throw new CommandError(message, EXIT.notFound);
}
