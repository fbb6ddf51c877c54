/** How a guest that was copied with its memory becomes somebody of its own. */

import type { GuestNetwork } from "./guest-network.ts";

/** What the copy is to be. */
export interface GuestNewIdentity {
  /** fresh from the host, at least 32 bytes */
  readonly entropy: Uint8Array;
  readonly time: Date;
  readonly hostname: string;
  /** 32 hexadecimal digits; `undefined` leaves the one that the guest has */
  readonly machineId: string | undefined;
  /** replace those that the guest has; a guest without sshd needs none; `undefined` leaves them */
  readonly sshHostKeys: readonly SshHostKey[] | undefined;
  /** takes the place of the network that the guest had; `undefined` leaves it, or it has no network card */
  readonly network: GuestNetwork | undefined;
}

export interface SshHostKey {
  /** as in the file's name: `ssh_host_<type>_key` */
  readonly type: "ed25519" | "ecdsa";
  /** as OpenSSH writes it */
  readonly privateKey: string;
  /** one line */
  readonly publicKey: string;
}

/** What the guest's agent has done and confirms: what a copy must not share with its original. */
export interface GuestReceipt {
  /** the kernel's generator took the host's entropy and draws from it */
  readonly rng: "reseeded";
  /** how far the wall clock was moved, in nanoseconds; 0 when it was right */
  readonly clockStepNs: bigint;
  readonly hostname: string;
  readonly machineId: string;
  /** `none`: the guest has no place for them, so no sshd; `kept`: it was not to change them */
  readonly sshHostKeys: "renewed" | "none" | "kept";
  /** as the network card says it; `undefined` without one */
  readonly mac: string | undefined;
  /** bare IPv4; `undefined` without a network */
  readonly address: string | undefined;
  /** connections of the original that were ended */
  readonly connectionsCut: number;
}

/** File systems that hold still. Disposing it lets them go on; harmless when the session has ended. */
export interface GuestStillness extends AsyncDisposable {
  /** mount points that are frozen */
  readonly frozen: readonly string[];
}
