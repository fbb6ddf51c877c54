/** Who gets in at an Aleph node. */

import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { Door } from "#core/aleph/auth/door.ts";
import { LoginSecret } from "#core/aleph/auth/login-secret.ts";
import { Ownership } from "#core/aleph/auth/ownership.ts";
import { Presigned } from "#core/aleph/auth/presigned.ts";
import type { MessageSource } from "#core/aleph/ports/message-source.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";
import { AcceptedMark } from "#host/accepted-mark.ts";
import { StartRefused } from "#lib/start-refused.ts";
import { walletSignatures } from "#wallets/signatures.ts";

export interface AlephDoors extends Disposable {
  readonly door: Door;
  readonly ownership: Ownership;
  readonly login: LoginSecret;
  readonly presigned: Presigned;
}

/** @throws StartRefused for a signer whose address is mistyped */
export async function openDoors(
  settings: AlephSettings,
  messages: MessageSource,
  log: Log,
): Promise<AlephDoors> {
  const { auth, domainName, extraDomains, executionRoot } = settings;
  for (const signer of auth.allocationSigners) mustBeChecksummed(signer);
  const login = LoginSecret.random();
  await keepSecret(executionRoot, login);
  const { delegationTtlS } = auth;
  const ownership = new Ownership({ messages, delegationTtlS, clock: systemClock, log });
  const changes = messages.onChange((change) => {
    if (change.what === "aggregate" && change.key === "security") ownership.forget(change.address);
  });
  const domains = [domainName, ...extraDomains] as const;
  const earlier = AcceptedMark.open(path.join(executionRoot, "accepted_until"), systemClock);
  return {
    door: new Door({ auth, domains, wallets: walletSignatures, earlier, clock: systemClock }),
    ownership,
    login,
    presigned: new Presigned({ secret: login, clock: systemClock }),
    [Symbol.dispose]: () => changes[Symbol.dispose](),
  };
}

function mustBeChecksummed(signer: string): void {
  if (walletSignatures.isChecksummed(signer)) return;
  throw new StartRefused(
    `ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS names ${signer}, which is no address with the checksum of EIP-55: copy it from the wallet`,
  );
}

/** Where the node's operator finds it; of this run only. */
async function keepSecret(root: string, { text }: LoginSecret): Promise<void> {
  const file = path.join(root, "login_token");
  await mkdir(root, { recursive: true, mode: 0o700 });
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o400, flag: "wx" });
  await chmod(file, 0o400);
}
