/**
 * The whole daemon as one resource. Read it top to bottom to learn what it is made of;
 * disposing it stops everything, last opened, first closed.
 */

import type { Config } from "#config/config.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";
import type { Log } from "#core/ports/log.ts";
import { VmConsoles } from "#core/vm/consoles.ts";
import { tendStalls } from "#core/vm/stalls.ts";
import type { Vms } from "#core/vm/vms.ts";
import { fileConsoleLogs, keepLogsBounded } from "#host/console-logs.ts";
import { hostNameServers } from "#host/name-servers.ts";
import { settleIn } from "#host/runtime-home.ts";
import { becomeSoleOwner, ownDirectory } from "#host/sole-owner.ts";

import type { AlephNode } from "./aleph.ts";
import { type Core, openCore } from "./core.ts";
import { beginCourse } from "./course.ts";
import { hostDesk } from "./host-desk.ts";
import { listen } from "./listeners.ts";
import { keepMeters } from "./meters.ts";
import { SignIn } from "./sign-in.ts";
import { surfaces } from "./surfaces.ts";

export interface RunningHost extends AsyncDisposable {
  /** `undefined` when nothing listens on TCP */
  readonly port: number | undefined;
  /** where the Aleph API is served; `undefined` when the host is no node of that network */
  readonly alephPort: number | undefined;
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
  const startedAt = new Date();
  for (const warning of config.warnings) log.warn("config.differs", { warning });
  parts.use(await ownDirectories(config));
  const core = parts.use(await openCore(config, log, signal));
  const { vms, hostFacts, disks, works, keeper } = core;
  const course = parts.use(await beginCourse(vms, config, log, signal));
  parts.use(lookAfter(vms, hostFacts, log));
  const aleph = await alephNode(config, core, log, signal);
  if (aleph) parts.use(aleph);
  const consoles = new VmConsoles(disks, fileConsoleLogs);
  const asked = Promise.withResolvers<void>();
  const stop = asked.resolve;
  const signIn = new SignIn(core.sessionStore, log);
  const meters = parts.use(keepMeters(config, core, log));
  const desk = hostDesk(config, startedAt, { ...core, aleph });
  const served = { ...core, consoles, stop, signIn, meters, hostDesk: desk, aleph: aleph?.atHost };
  const routes = await surfaces(config, served, log);
  const listeners = parts.use(await listen(config, routes, signIn, log));
  const { port, socketPath } = listeners;
  log.info("host.listening", {
    address: config.api.tcp?.address,
    port,
    socketPath,
    hypervisor: core.hypervisor.name,
    isolation: core.hypervisor.isolation,
    vms: vms.all().length,
  });

  const running = parts.move();
  const end = async () => {
    await aleph?.[Symbol.asyncDispose]();
    await listeners[Symbol.asyncDispose]();
    await works[Symbol.asyncDispose]();
    await keeper[Symbol.asyncDispose]();
    await course.end();
    await running.disposeAsync();
  };
  const ports = { port, alephPort: aleph?.port };
  return { ...ports, socketPath, stopAsked: asked.promise, [Symbol.asyncDispose]: end };
}

/** What a host needs that is no node is not even loaded. */
async function alephNode(
  config: Config,
  core: Core,
  log: Log,
  signal: AbortSignal,
): Promise<AlephNode | undefined> {
  const { aleph: settings } = config;
  if (!settings) {
    const left = core.vms.all().length - core.vms.list().length;
    const reason = "They run on, and nobody can reach them: set ALCOVE_ALEPH=on";
    if (left > 0) log.warn("aleph.off_with_vms", { vms: left, reason });
    return undefined;
  }
  const { openAleph } = await import("./aleph.ts");
  const { network } = settings;
  const dns = network.dns.length > 0 ? network.dns : await hostNameServers();
  const order = { config, settings: { ...settings, network: { ...network, dns } }, core, log };
  return await openAleph(order, signal);
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
  begun.use(
    tendStalls(
      () => vms.all(),
      hostFacts,
      log,
      (vm) => vms.news.aside.announce(vm),
    ),
  );
  begun.use(keepLogsBounded(() => vms.all().flatMap((vm) => vm.logPaths), log));
  return begun.move();
}
