/**
 * Keeps guests away from the host's own services.
 *
 * A user-mode network leads a guest to whatever its QEMU process may reach, and its gateway
 * address to the host's loopback, where much listens that trusts whoever is local. QEMUs
 * run as users of their own, so the host's packet filter can tell their connections from all others:
 * new ones to any address of the host are rejected, except to a name server.
 */

import { createHash } from "node:crypto";

import { run } from "#process/run.ts";

export interface GuardedUsers {
  readonly firstUid: number;
  readonly lastUid: number;
}

const NFT_TIMEOUT_MS = 10_000;

export class HostGuard {
  readonly #table: string;

  private constructor(table: string) {
    this.#table = table;
  }

  /**
   * Puts the rules in place, in one step; those of an earlier daemon of the same directory are replaced.
   * Rejects with `ProgramMissing` without nft, with `ProgramFailed` when the kernel refuses.
   * @param owner what tells this daemon from others on the host: its runtime directory
   */
  static async raise(owner: string, users: GuardedUsers, signal: AbortSignal): Promise<HostGuard> {
    const digest = createHash("sha256").update(owner).digest("hex");
    const table = `alcove_guard_${digest.slice(0, 12)}`;
    await nft(guardRules(table, users), signal);
    return new HostGuard(table);
  }

  /** Takes the rules away: when no VM is left that they are for. */
  async lower(signal: AbortSignal): Promise<void> {
    await nft(`add table inet ${this.#table}\ndelete table inet ${this.#table}\n`, signal);
  }
}

/** The whole rule set as nft reads it; loading it twice gives the same. */
export function guardRules(table: string, { firstUid, lastUid }: GuardedUsers): string {
  return `add table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain out {
    type filter hook output priority filter; policy accept;
    meta skuid != ${firstUid}-${lastUid} accept
    ct state established,related accept
    fib daddr type != local accept
    meta l4proto { tcp, udp } th dport 53 accept
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
}
`;
}

async function nft(rules: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(NFT_TIMEOUT_MS)]);
  await run({ file: "nft", args: ["-f", "-"], input: rules }, deadline);
}
