/**
 * Which VM a name means: its host name, or the friendly name that a tag `name=…` gives. The API takes
 * host names only, so this is where the other kind is looked up.
 */

import type { HostApi } from "@alcove/sdk";
import type { Vm } from "@alcove/sdk/resources.ts";

import { EXIT } from "./exit-codes.ts";
import { CommandError } from "./failure.ts";
import { printableLine } from "./printable.ts";

/** `<group>-<number>`: what every host name looks like, and no friendly name does. */
const HOSTNAME = /-\d+$/;

/** @returns the name itself when no VM has it as its friendly name: the host then says what is wrong */
export async function hostnameOf(
  client: HostApi,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  if (HOSTNAME.test(name) || name === "") return name;
  const [vm] = await client.listVms({ tag: friendlyTag(name) }, signal);
  return vm?.hostname ?? name;
}

/** @throws CommandError when no VM has that name */
export async function findVm(client: HostApi, name: string, signal: AbortSignal): Promise<Vm> {
  return vmCalled(name, await client.listVms({}, signal));
}

/** @throws CommandError when no VM has that name */
export function vmCalled(name: string, vms: readonly Vm[]): Vm {
  const tag = friendlyTag(name);
  const vm =
    vms.find(({ hostname }) => hostname === name) ?? vms.find(({ tags }) => tags?.includes(tag));
  if (vm) return vm;
  const message = `There is no VM called ${printableLine(name)}; \`alcove vm list\` shows all`;
  throw new CommandError(message, EXIT.notFound);
}

/** The tag that gives a VM a friendly name. */
export function friendlyTag(name: string): string {
  return `name=${name}`;
}
