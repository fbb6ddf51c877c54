/** What an Aleph node knows of messages, files and money: its own store, and the network behind it if it is asked. */

import { Imports } from "#core/aleph/message/imports.ts";
import { Published } from "#core/aleph/message/published.ts";
import { Payments } from "#core/aleph/payment/payments.ts";
import type { MessageSource } from "#core/aleph/ports/message-source.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";
import { LocalStore } from "#messages/local-store.ts";
import { NetworkSource } from "#messages/network-source.ts";
import { Sources } from "#messages/sources.ts";
import { walletSignatures } from "#wallets/signatures.ts";

const FIRST_PAUSE_MS = 1_000;

export interface AlephStore extends AsyncDisposable {
  readonly local: LocalStore;
  readonly messages: MessageSource;
  readonly imports: Imports;
  readonly published: Published;
  readonly payments: Payments;
}

export async function openAlephStore(
  settings: AlephSettings,
  log: Log,
  signal: AbortSignal,
): Promise<AlephStore> {
  const { storeDir, cacheRoot, backup } = settings;
  const maxFileBytes = backup.maxRestoreUploadBytes;
  const local = await LocalStore.open(
    { directory: storeDir, cacheRoot, maxFileBytes, log },
    signal,
  );
  const messages = settings.offline ? local : withNetwork(settings, local, log);
  return {
    local,
    messages,
    imports: new Imports({
      archive: local,
      signatures: walletSignatures,
      aggregate: (address, key, until) => messages.aggregate(address, key, until),
    }),
    published: new Published({ archive: local, source: local }),
    payments: new Payments({
      settings: settings.payment,
      source: messages,
      // Those of the network are on its chains, which nobody asks here.
      streams: settings.payment.mode === "local" ? local : undefined,
    }),
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

function withNetwork(settings: AlephSettings, local: LocalStore, log: Log): MessageSource {
  const { apiServer, ipfsGateway, cacheRoot, backup, payment } = settings;
  const network = new NetworkSource({
    apiServer,
    ipfsGateway,
    cacheRoot,
    maxFileBytes: backup.maxRestoreUploadBytes,
    firstPauseMs: FIRST_PAUSE_MS,
    clock: systemClock,
    log,
  });
  const money = payment.mode === "network" ? "network" : "local";
  return new Sources({ local, network, money, cacheRoot, log });
}
