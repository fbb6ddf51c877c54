/**
 * Which ports of the host lead to which ports of VMs.
 *
 * What an owner wants is in an aggregate of his; port 22 is always there. A host port is nobody else's from the moment
 * it is stored until its VM gives it up, also while that VM does not run.
 */

import { Turnstile } from "#lib/turnstile.ts";

import type { Log } from "../../ports/log.ts";
import type { ItemHash } from "../item-hash.ts";
import type { ExecutionStore } from "../ports/execution-store.ts";
import type { HostPorts } from "../ports/host-ports.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { PortMapping } from "./record.ts";
import { StartError } from "./start-error.ts";

/** key of the aggregate that says which ports an owner wants */
export const PORTS_KEY = "port-forwarding";

const FIRST_HOST_PORT = 24_000;
const LAST_HOST_PORT = 65_534;

/** ports of one VM; of more, the highest are left out */
const MAX_PORTS = 100;

const SSH: WantedPort = { vmPort: 22, tcp: true, udp: false };

export type WantedPort = Omit<PortMapping, "hostPort">;

export interface PortPlanDeps {
  readonly store: ExecutionStore;
  readonly hostPorts: HostPorts;
  readonly messages: Pick<MessageSource, "aggregate">;
  readonly log: Log;
}

export class PortPlan {
  readonly #deps: PortPlanDeps;
  readonly #turns = new Turnstile();
  #cursor = FIRST_HOST_PORT;

  constructor(deps: PortPlanDeps) {
    this.#deps = deps;
  }

  /** what is stored for a VM, whether it runs or not */
  of(vmHash: ItemHash): readonly PortMapping[] {
    return this.#deps.store
      .portMappings()
      .filter((it) => it.vmHash === vmHash)
      .map(({ vmPort, hostPort, tcp, udp }) => ({ vmPort, hostPort, tcp, udp }));
  }

  /**
   * Stores what the owner wants now: what stays wanted keeps its host port. When that cannot be known, everything
   * stays as it is.
   * @throws StartError when the host has no port left
   */
  async plan(
    vmHash: ItemHash,
    owner: string,
    signal: AbortSignal,
  ): Promise<readonly PortMapping[]> {
    const wanted = await this.#wanted(vmHash, owner, signal);
    using _turn = await this.#turns.enter(signal);
    const taken = this.#deps.store.portMappings();
    const own = taken.filter((it) => it.vmHash === vmHash);
    const used = new Set(taken.map(({ hostPort }) => hostPort));
    const mappings: PortMapping[] = [];
    for (const port of wanted) {
      const before = own.find(({ vmPort }) => vmPort === port.vmPort)?.hostPort;
      const hostPort = before ?? (await this.#freePort(used, signal));
      used.add(hostPort);
      mappings.push({ ...port, hostPort });
    }
    this.#deps.store.savePortMappings(vmHash, mappings);
    return mappings;
  }

  /** Gives up all ports of a VM. */
  release(vmHash: ItemHash): void {
    this.#deps.store.savePortMappings(vmHash, []);
  }

  async #wanted(
    vmHash: ItemHash,
    owner: string,
    signal: AbortSignal,
  ): Promise<readonly WantedPort[]> {
    try {
      const aggregate = await this.#deps.messages.aggregate(owner, PORTS_KEY, signal);
      return wantedPorts(aggregate, vmHash);
    } catch (error) {
      signal.throwIfAborted();
      this.#deps.log.warn("aleph.ports_unknown", { vmHash, owner, error });
      const current = this.of(vmHash);
      return current.length > 0 ? current : [SSH];
    }
  }

  /** The next one from where the last search ended; after the highest it begins again. */
  async #freePort(used: ReadonlySet<number>, signal: AbortSignal): Promise<number> {
    const count = LAST_HOST_PORT - FIRST_HOST_PORT + 1;
    const offset = this.#cursor - FIRST_HOST_PORT;
    for (let step = 0; step < count; step += 1) {
      const port = FIRST_HOST_PORT + ((offset + step) % count);
      if (used.has(port) || !(await this.#deps.hostPorts.isFree(port, signal))) continue;
      this.#cursor = port === LAST_HOST_PORT ? FIRST_HOST_PORT : port + 1;
      return port;
    }
    const range = `${FIRST_HOST_PORT} to ${LAST_HOST_PORT}`;
    throw new StartError("InsufficientResourcesError", `No host port from ${range} is free`);
  }
}

/**
 * What an owner's aggregate says of one VM, port 22 first; whatever in it is no port is passed over.
 * @param aggregate `{"<vm hash>": {"ports": {"80": {"tcp": true, "udp": false}}}}`
 */
export function wantedPorts(aggregate: unknown, vmHash: ItemHash): readonly WantedPort[] {
  const ports = field(field(aggregate, vmHash), "ports");
  const named = typeof ports === "object" && ports !== null ? Object.keys(ports) : [];
  const listed = named.flatMap((key) => wantedPort(key, field(ports, key)));
  const ssh = { ...SSH, udp: listed.some(({ vmPort, udp }) => vmPort === SSH.vmPort && udp) };
  const others = listed
    .filter(({ vmPort }) => vmPort !== SSH.vmPort)
    .toSorted((a, b) => a.vmPort - b.vmPort);
  return [ssh, ...others.slice(0, MAX_PORTS - 1)];
}

function wantedPort(key: string, flags: unknown): readonly WantedPort[] {
  const vmPort = /^[1-9]\d{0,4}$/.test(key) ? Number(key) : 0;
  const [tcp, udp] = [field(flags, "tcp") === true, field(flags, "udp") === true];
  return vmPort > 0 && vmPort <= 65_535 && (tcp || udp) ? [{ vmPort, tcp, udp }] : [];
}

function field(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const inner: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
  return inner;
}
