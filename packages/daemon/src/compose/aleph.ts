/**
 * A node of the Aleph network, over the same core that serves the other APIs: what it is made of, from its store of
 * messages to its listener. Loaded only where there is one. Disposing it ends no VM.
 */

import { mkdir } from "node:fs/promises";

import type { Config } from "#config/config.ts";
import { hashOfHostLabel } from "#core/aleph/item-hash.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import type { Log } from "#core/ports/log.ts";
import { hasMachine } from "#core/vm/lifecycle.ts";
import { alephApplication } from "#http/aleph/application.ts";
import { Draining } from "#http/aleph/draining.ts";
import type { AlephParts, HostNetwork } from "#http/aleph/parts.ts";
import type { AlephAtHost } from "#http/native/aleph.ts";
import { type Served, serve } from "#http/server.ts";
import { StartRefused } from "#lib/start-refused.ts";

import { about } from "./about.ts";
import { openBackups } from "./aleph-backups.ts";
import { confidentialBackend } from "./aleph-confidential.ts";
import { openDoors } from "./aleph-doors.ts";
import { openMachines } from "./aleph-machines.ts";
import { atHostOf, checksOf, loginFileOf, openProxy, reportOf } from "./aleph-node.ts";
import { openAlephStore } from "./aleph-store.ts";
import type { Core } from "./core.ts";

/** release of the network's orchestrator whose API is served; clients compare it */
const API_VERSION = "1.13.0";

export interface AlephNode extends AsyncDisposable {
  readonly port: number;
  /** for the surface of the host's own operator */
  readonly atHost: AlephAtHost;
}

export interface AlephOrder {
  readonly config: Config;
  readonly settings: AlephSettings;
  readonly core: Core;
  readonly log: Log;
}

export async function openAleph(order: AlephOrder, signal: AbortSignal): Promise<AlephNode> {
  await using opened = new AsyncDisposableStack();
  const { settings, log } = order;
  for (const directory of [settings.executionRoot, settings.cacheRoot])
    await mkdir(directory, { recursive: true, mode: 0o700 });
  const at = { port: 0 };
  const draining = new Draining();
  const parts = await openParts(order, { opened, draining, port: () => at.port }, signal);
  const served = opened.use(await listen(parts));
  at.port = served.port;
  log.info("aleph.listening", {
    address: settings.listen.address,
    port: served.port,
    domainName: settings.domainName,
    offline: settings.offline,
    payment: settings.payment.mode,
    loginToken: loginFileOf(settings),
  });
  const atHost = await atHostOf(parts, () => at.port);
  const all = opened.move();
  const end = async () => {
    draining.begin();
    await draining.settled(settings.programs.drainTimeoutS * 1000);
    await all.disposeAsync();
  };
  return { port: served.port, atHost, [Symbol.asyncDispose]: end };
}

interface Beginning {
  /** what is opened is closed with it, last first */
  readonly opened: AsyncDisposableStack;
  readonly draining: Draining;
  readonly port: () => number;
}

async function openParts(
  order: AlephOrder,
  { opened, draining, port }: Beginning,
  signal: AbortSignal,
): Promise<AlephParts> {
  const { config, settings, core, log } = order;
  const version = `${API_VERSION}+alcove.${(await about()).version}`;
  const store = opened.use(await openAlephStore(settings, log, signal));
  const { local, messages, imports, published } = store;
  const doors = opened.use(await openDoors(settings, messages, log));
  const backend = await confidentialBackend(settings.confidential, config, log, signal);
  const machines = opened.use(await openMachines({ ...order, store, backend }, signal));
  const node = { ...order, ...machines, version, vms: core.vms, local, port };
  const proxy = opened.use(await openProxy(node, signal));
  opened.use(
    machines.executions.onChange(() => {
      proxy.notice();
      core.events.announce({ what: "aleph" });
    }),
  );
  opened.use(
    messages.onChange(({ what }) => {
      if (what === "domains") proxy.notice();
    }),
  );
  return {
    settings,
    version,
    draining,
    log,
    ...doors,
    ...machines,
    messages,
    imports,
    published,
    proxy,
    report: reportOf(node),
    checks: checksOf(node),
    backups: await openBackups({ ...node, ...doors, messages }, opened),
    networks: networksOf(core),
  };
}

async function listen(parts: AlephParts): Promise<Served> {
  const { address, port } = parts.settings.listen;
  const app = await alephApplication(parts);
  try {
    return await serve(app, { kind: "tcp", address, port });
  } catch (cause) {
    const isTaken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
    if (!isTaken) throw cause;
    const message = `Another program listens on ${address}, port ${port}: stop it, or set ALEPH_VM_SUPERVISOR_PORT`;
    throw new StartRefused(message, { cause });
  }
}

/** Of the VMs of the node only: those of others have no routed networks. */
function networksOf({ vms, redirects }: Core): HostNetwork {
  return {
    async recreate(signal) {
      const owned = vms.all().filter(({ record }) => record.owner !== undefined);
      const hashes = new Map(
        owned.map(({ record }) => [record.id, hashOfHostLabel(record.hostname)]),
      );
      const running = owned.filter((vm) => hasMachine(vm.phase)).map((vm) => vm.record);
      const done = await redirects.recreate(running, signal);
      return {
        removed: done.removedChains,
        recreated: done.recreated.map((id) => hashes.get(id)).filter((it) => it !== undefined),
        failed: done.failed.flatMap(({ id, error }) => {
          const vmHash = hashes.get(id);
          return vmHash === undefined ? [] : [{ vmHash, error }];
        }),
      };
    },
  };
}
