/**
 * The whole daemon as one resource. Read it top to bottom to learn what it is made of;
 * disposing it stops everything, last opened, first closed.
 */

import type { Config } from "#config/config.ts";
import { HostGroups } from "#core/group/host-group.ts";
import type { Log } from "#core/ports/log.ts";
import { VmConsoles } from "#core/vm/consoles.ts";
import { startServices } from "#core/vm/services.ts";
import { fileConsoleLogs, keepLogsBounded } from "#host/console-logs.ts";
import { linuxFacts } from "#host/linux-facts.ts";
import { becomeSoleOwner, ownDirectory } from "#host/sole-owner.ts";
import { native } from "#http/native/surface.ts";
import { slicer } from "#http/slicer/surface.ts";

import { about } from "./about.ts";
import { guardHost } from "./guests-to-host.ts";
import { listen } from "./listeners.ts";
import { openNetworks } from "./networks.ts";
import { openVms } from "./open-vms.ts";
import { openStorage } from "./storage.ts";
import { virtualisation } from "./virtualisation.ts";

export interface RunningHost extends AsyncDisposable {
  /** `undefined` when nothing listens on TCP */
  readonly port: number | undefined;
  /** the daemon's own Unix socket; `undefined` when the API is off */
  readonly socketPath: string | undefined;
  /** resolves when a client asks the daemon to end; whoever holds the host disposes it then */
  readonly stopAsked: Promise<void>;
}

/** @param signal gives up starting; afterwards it also ends what waits for images */
export async function startHost(
  config: Config,
  log: Log,
  signal: AbortSignal,
): Promise<RunningHost> {
  await using parts = new AsyncDisposableStack();
  for (const warning of config.warnings) log.warn("config.differs", { warning });
  await ownDirectory(config.stateDir, 0o700);
  // Machines run as other users and must pass through to their own directories.
  await ownDirectory(config.runtimeDir, 0o711);
  for (const dir of [config.stateDir, config.runtimeDir]) parts.use(await becomeSoleOwner(dir));

  const { store, secrets, disks } = parts.use(await openStorage(config.stateDir, log));
  const groups = new HostGroups(config.groups);
  const hostFacts = linuxFacts(config.stateDir);
  const machines = await virtualisation(config, log, signal);
  const { hypervisor } = machines;
  const guarding = await guardHost(config, log, signal);
  const { networks, lowerWithout } = openNetworks(config);
  const vms = await openVms(
    config,
    { ...machines, groups, disks, store, secrets, hostFacts, log, networks },
    signal,
  );
  parts.use(guarding.lowerWithout(vms));
  parts.use(lowerWithout(vms));
  // A start that fails further down must not cost anybody a VM: only an orderly stop ends them.
  parts.defer(() => vms.abandonAll());

  await startServices(vms, config.groups, log, signal);
  parts.use(keepLogsBounded(() => vms.list().flatMap((vm) => vm.logPaths), log));
  const consoles = new VmConsoles(disks, fileConsoleLogs);
  const us = await about();
  const goStats = config.slicerGoStats;
  const asked = Promise.withResolvers<void>();
  const surfaces = [
    slicer({ vms, groups, consoles, secrets, about: us, goStats, stop: asked.resolve }, log),
    native({ vms, consoles, store, hostFacts, hypervisor, version: us.version }, log),
  ];
  const listeners = parts.use(await listen(config, surfaces, log));
  const { port, socketPath } = listeners;
  log.info("host.listening", {
    address: config.api.tcp?.address,
    port,
    socketPath,
    hypervisor: hypervisor.name,
    isolation: hypervisor.isolation,
    vms: vms.list().length,
  });

  const running = parts.move();
  const stop = async () => {
    await listeners[Symbol.asyncDispose]();
    if (config.onStop === "stop") await vms.stopAll(config.gracefulStop ? "power off" : "kill");
    await running.disposeAsync();
  };
  return { port, socketPath, stopAsked: asked.promise, [Symbol.asyncDispose]: stop };
}
