/**
 * The whole daemon as one resource. Read it top to bottom to learn what it is made of;
 * disposing it stops everything, last opened, first closed.
 */

import type { Config } from "#config/config.ts";
import { HostGroups } from "#core/group/host-group.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";
import type { Log } from "#core/ports/log.ts";
import { VmConsoles } from "#core/vm/consoles.ts";
import { tendStalls } from "#core/vm/stalls.ts";
import type { Vms } from "#core/vm/vms.ts";
import { fileConsoleLogs, keepLogsBounded } from "#host/console-logs.ts";
import { linuxFacts } from "#host/linux-facts.ts";
import { settleIn } from "#host/runtime-home.ts";
import { becomeSoleOwner, ownDirectory } from "#host/sole-owner.ts";

import { beginCourse } from "./course.ts";
import { guardHost } from "./guests-to-host.ts";
import { keptLayersOf } from "./layers.ts";
import { listen } from "./listeners.ts";
import { openNetworks } from "./networks.ts";
import { openVms } from "./open-vms.ts";
import { openStorage } from "./storage.ts";
import { surfaces } from "./surfaces.ts";
import { beginWorks, openTemplates } from "./templates.ts";
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
  parts.use(await ownDirectories(config));
  const { stateKey, ...kept } = parts.use(await openStorage(config.stateDir, log));
  const { store, secrets, disks } = kept;
  const groups = new HostGroups(config.groups);
  const hostFacts = linuxFacts(config.stateDir);
  const machines = await virtualisation(config, stateKey, log, signal);
  const { hypervisor } = machines;
  const guarding = await guardHost(config, log, signal);
  const { networks, lowerWithout } = openNetworks(config);
  const making = { ...machines, ...kept, log };
  const open = await openTemplates(config, making);
  parts.defer(() => open.templates.closeAll());
  const { templates } = open;
  const keptLayers = keptLayersOf({ ...kept, templates });
  const vms = await openVms(
    config,
    { ...making, templates, keptLayers, groups, hostFacts, networks },
    signal,
  );
  parts.use(guarding.lowerWithout(vms));
  parts.use(lowerWithout(vms));
  // A start that fails further down must not cost anybody a VM: only an orderly stop ends them.
  parts.defer(() => vms.abandonAll());

  const works = parts.use(beginWorks(config, { ...making, ...open, keptLayers }, vms));
  const course = parts.use(await beginCourse(vms, config, log, signal));
  parts.use(lookAfter(vms, hostFacts, log));
  const consoles = new VmConsoles(disks, fileConsoleLogs);
  const asked = Promise.withResolvers<void>();
  const stop = asked.resolve;
  const served = { vms, groups, consoles, secrets, store, hostFacts, hypervisor, stop };
  const listeners = parts.use(await listen(config, await surfaces(config, served, log), log));
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
  const end = async () => {
    await listeners[Symbol.asyncDispose]();
    await works[Symbol.asyncDispose]();
    await course.end();
    await running.disposeAsync();
  };
  return { port, socketPath, stopAsked: asked.promise, [Symbol.asyncDispose]: end };
}

async function ownDirectories({ stateDir, runtimeDir }: Config): Promise<AsyncDisposable> {
  await using owned = new AsyncDisposableStack();
  await ownDirectory(stateDir, 0o700);
  // Machines run as other users and must pass through to their own directories.
  await ownDirectory(runtimeDir, 0o711);
  for (const directory of [stateDir, runtimeDir]) owned.use(await becomeSoleOwner(directory));
  await settleIn(stateDir, runtimeDir);
  return owned.move();
}

/** What running VMs need every now and then. */
function lookAfter(vms: Vms, hostFacts: HostFacts, log: Log): Disposable {
  using begun = new DisposableStack();
  begun.use(tendStalls(() => vms.list(), hostFacts, log));
  begun.use(keepLogsBounded(() => vms.list().flatMap((vm) => vm.logPaths), log));
  return begun.move();
}
