/** What of this host is free for VMs, ports and places of the address plan, and its address, as it is now. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

import type { HostPlaces, Place } from "#core/aleph/ports/host-places.ts";
import type { HostPorts as HostPortsPort } from "#core/aleph/ports/host-ports.ts";

import { portsNamed } from "./nft-listing.ts";
import { defaultDevice, deviceExists, hostNetworks, networkInWay } from "./presence.ts";

export interface HostPortsSettings {
  /** bare IPv4 that the operator says is the host's; `undefined` asks the devices */
  readonly hostIpv4: string | undefined;
  /** device that leads to the world; `undefined` is that of the default route */
  readonly externalInterface: string | undefined;
}

const LOOPBACK = "127.0.0.1";
const ALL_ADDRESSES = "0.0.0.0";

export class HostPorts implements HostPortsPort, HostPlaces {
  readonly #settings: HostPortsSettings;

  constructor(settings: HostPortsSettings) {
    this.#settings = settings;
  }

  /** The filter is asked last: that takes a process. */
  async isFree(port: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (!(await nobodyListens(port)) || !(await nobodyReceives(port))) return false;
    const named = await portsNamed(signal);
    return !named.some(({ first, last }) => first <= port && port <= last);
  }

  taken(): (place: Place) => boolean {
    const networks = hostNetworks();
    return (place) => deviceExists(place.tap) || networkInWay(place, networks) !== undefined;
  }

  address(): string {
    const { hostIpv4, externalInterface } = this.#settings;
    if (hostIpv4 !== undefined) return hostIpv4;
    const device = externalInterface ?? defaultDevice("IPv4");
    const addresses = device === undefined ? [] : (networkInterfaces()[device] ?? []);
    return addresses.find(({ family }) => family === "IPv4")?.address ?? LOOPBACK;
  }
}

/** Of TCP, on any address of the host. */
async function nobodyListens(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: ALL_ADDRESSES, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    return unlessTaken(error);
  }
  server.close();
  await once(server, "close");
  return true;
}

/** Of UDP. */
async function nobodyReceives(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  try {
    socket.bind({ port, address: ALL_ADDRESSES, exclusive: true });
    await once(socket, "listening");
  } catch (error) {
    socket.close();
    return unlessTaken(error);
  }
  socket.close();
  await once(socket, "close");
  return true;
}

/** @returns false when that is what the error says; throws it otherwise */
function unlessTaken(error: unknown): false {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE" || code === "EACCES") return false;
  throw error;
}
