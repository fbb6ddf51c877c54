/** Everything below the surfaces: VMs and what they are made of. */

import type { Config } from "#config/config.ts";
import type { ExecutionStore } from "#core/aleph/ports/execution-store.ts";
import type { Commits } from "#core/commit/commits.ts";
import { EventFeed } from "#core/events/event-feed.ts";
import { HostEvents } from "#core/events/host-events.ts";
import type { LiveForkDeps } from "#core/fork/live-fork.ts";
import { HostGroups } from "#core/group/host-group.ts";
import type { Images } from "#core/image/images.ts";
import type { PoolKeeper } from "#core/pool/pool-keeper.ts";
import { Pools } from "#core/pool/pools.ts";
import type { DiskStore } from "#core/ports/disk-store.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";
import type { Acceleration } from "#core/ports/host-identity.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import type { ImageStore } from "#core/ports/image-store.ts";
import type { Log } from "#core/ports/log.ts";
import type { PortRedirects } from "#core/ports/port-redirects.ts";
import type { SessionStore } from "#core/ports/session-store.ts";
import type { VmStore } from "#core/ports/vm-store.ts";
import type { Secrets } from "#core/secrets/secrets.ts";
import type { TemplateDesk } from "#core/template/template-desk.ts";
import type { Templates } from "#core/template/templates.ts";
import type { TemplateWorks } from "#core/template/template-works.ts";
import type { Vms } from "#core/vm/vms.ts";
import { linuxFacts } from "#host/linux-facts.ts";
import type { WorldSettings } from "#network/routed-vms.ts";

import { forkDeps, openCommits } from "./copies.ts";
import { guardHost } from "./guests-to-host.ts";
import { openImages } from "./images.ts";
import { keptLayersOf } from "./layers.ts";
import { openNetworks } from "./networks.ts";
import { openVms } from "./open-vms.ts";
import { keepPools } from "./pool.ts";
import { openStorage } from "./storage.ts";
import { beginWorks, openDesk, openTemplates } from "./templates.ts";
import { virtualisation } from "./virtualisation.ts";

/** Disposing it ends no VM: they are left to the next daemon. */
export interface Core extends AsyncDisposable {
  readonly vms: Vms;
  /** where what is no VM's phase is announced */
  readonly events: HostEvents;
  readonly feed: EventFeed;
  readonly groups: HostGroups;
  readonly disks: DiskStore;
  readonly store: VmStore;
  readonly executionStore: ExecutionStore;
  readonly sessionStore: SessionStore;
  readonly images: ImageStore;
  readonly imageDesk: Images;
  /** ports of the host that lead to VMs in routed networks */
  readonly redirects: PortRedirects;
  readonly secrets: Secrets;
  readonly templates: Templates;
  readonly works: TemplateWorks;
  readonly desk: TemplateDesk;
  readonly pools: Pools;
  readonly keeper: PoolKeeper;
  readonly commits: Commits;
  readonly forking: LiveForkDeps;
  readonly hostFacts: HostFacts;
  readonly hypervisor: Hypervisor;
  readonly acceleration: Acceleration;
}

export async function openCore(config: Config, log: Log, signal: AbortSignal): Promise<Core> {
  await using parts = new AsyncDisposableStack();
  const events = new HostEvents();
  const { stateKey, ...kept } = parts.use(await openStorage(config.stateDir, events, log));
  const groups = new HostGroups(config.groups);
  const hostFacts = linuxFacts(config.stateDir);
  const machines = await virtualisation(config, stateKey, log, signal);
  const guarding = await guardHost(config, log, signal);
  const { networks, redirects, lowerWithout } = openNetworks(config, worldOf(config));
  const making = { ...machines, ...kept, events, log };
  const open = await openTemplates(config, making);
  parts.defer(() => open.templates.closeAll());
  const { templates } = open;
  const keptLayers = keptLayersOf({ ...kept, templates });
  const pools = new Pools(config.groups, events);
  const vms = await openVms(
    config,
    { ...making, templates, ahead: pools, keptLayers, groups, hostFacts, networks },
    signal,
  );
  parts.use(guarding.lowerWithout(vms));
  parts.use(lowerWithout(vms));
  // A start that fails further down must not cost anybody a VM: only an orderly stop ends them.
  parts.defer(() => vms.abandonAll());

  const works = parts.use(beginWorks(config, { ...making, ...open, keptLayers }, vms));
  const keeper = parts.use(
    keepPools(config, { ...making, templates, pools, keptLayers, networks, hostFacts }, vms),
  );
  const commits = openCommits(config, { ...making, keptLayers, vms, groups, hostFacts });
  const desk = openDesk({ ...making, templates, works, vms, groups, keptLayers });
  const forking = forkDeps(config, { ...making, keptLayers, vms, groups });
  const { imageDesk } = parts.use(
    await openImages(config, { ...making, vms, groups, templates, commits }),
  );
  const made = { templates, works, desk, pools, keeper, commits, imageDesk, forking };
  const { store, executionStore, sessionStore, secrets, disks } = kept;
  const stored = { store, executionStore, sessionStore, secrets, disks };
  const feed = new EventFeed({ vms, store, events });
  const { hypervisor, images, acceleration } = machines;
  const around = { hypervisor, acceleration, images, redirects, hostFacts, events, feed };
  const opened = parts.move();
  const end = () => opened.disposeAsync();
  return { vms, groups, ...made, ...stored, ...around, [Symbol.asyncDispose]: end };
}

/** How VMs of an Aleph node are connected to the world. */
function worldOf({ aleph }: Config): WorldSettings | undefined {
  if (!aleph) return undefined;
  return { external: aleph.network.externalInterface, ndpProxy: aleph.network.ndpProxy };
}
