/** What whoever runs a host should know of it, and what to do about it, in sentences. */

import { humanBytes } from "#lib/bytes.ts";

import type { Acceleration } from "../ports/host-identity.ts";
import type { IsolationGrade } from "../ports/hypervisor.ts";

export interface HostWarning {
  readonly code: "no_token" | "emulated" | "no_isolation" | "disk_nearly_full" | "config";
  readonly message: string;
}

export interface WarningFacts {
  readonly isolation: IsolationGrade;
  readonly acceleration: Acceleration;
  /** whether requests over TCP need a token; `undefined`: nothing listens there */
  readonly tcpAuth: "on" | "off" | undefined;
  /** bytes */
  readonly disk: { readonly total: number; readonly free: number };
  /** what must stay free, in bytes */
  readonly diskReserveBytes: number;
  /** what the configuration asks for and does not get, a sentence each */
  readonly config: readonly string[];
}

/** below so much of the file system, a full disk is near */
const NEARLY_FULL = 0.05;

/** The most serious first. */
export function hostWarnings(facts: WarningFacts): readonly HostWarning[] {
  const config = facts.config.map((message) => ({ code: "config" as const, message }));
  return [...tokenWarnings(facts), ...wallWarnings(facts), ...diskWarnings(facts), ...config];
}

function tokenWarnings({ tcpAuth }: WarningFacts): readonly HostWarning[] {
  if (tcpAuth !== "off") return [];
  const message =
    "Whoever can connect to this daemon may do everything with its VMs: no token is asked for. Turn it on with ALCOVE_AUTH=on.";
  return [{ code: "no_token", message }];
}

function wallWarnings({ isolation, acceleration }: WarningFacts): readonly HostWarning[] {
  if (isolation === "none") {
    const message =
      "No real VMs run here: the hypervisor is a fake one, for working on clients. Set ALCOVE_HYPERVISOR=qemu for real ones.";
    return [{ code: "no_isolation", message }];
  }
  if (isolation !== "emulated") return [];
  const message = `Guests are emulated: everything works, several times slower than by hardware, and a guest is kept in by QEMU alone, not by the processor. ${acceleration.reason} On a machine with virtualisation, give the daemon access to /dev/kvm and start it again.`;
  return [{ code: "emulated", message }];
}

function diskWarnings({ disk, diskReserveBytes }: WarningFacts): readonly HostWarning[] {
  const { free, total } = disk;
  if (free >= diskReserveBytes && free >= total * NEARLY_FULL) return [];
  const consequence =
    free < diskReserveBytes
      ? `no VM is made, relaunched or restored until ${humanBytes(diskReserveBytes)} are free`
      : "guests that write more stand still when it is full";
  const message = `The disk that holds the VMs has ${humanBytes(free)} of ${humanBytes(total)} left: ${consequence}. Delete VMs, commits or images that are not needed.`;
  return [{ code: "disk_nearly_full", message }];
}
