/** The usual drivers with one thing different: what a test wants to go wrong, or to wait. */

import type { GuestDialer, GuestLink } from "#core/ports/guest-link.ts";
import type { Hypervisor, MachineStates } from "#core/ports/hypervisor.ts";
import type { Machine } from "#core/ports/machine.ts";
import { unlessAborted } from "#lib/patience.ts";

/** Sessions in which some requests go another way. */
export function dialerWith(
  dialer: GuestDialer,
  change: (link: GuestLink) => Partial<GuestLink>,
): GuestDialer {
  return {
    dial: async (endpoint, signal) => changed(await dialer.dial(endpoint, signal), change),
  };
}

function changed(link: GuestLink, change: (link: GuestLink) => Partial<GuestLink>): GuestLink {
  return {
    agent: link.agent,
    closed: link.closed,
    holdLiveness: () => link.holdLiveness(),
    health: (signal) => link.health(signal),
    stats: (signal) => link.stats(signal),
    configure: (configuration, signal) => link.configure(configuration, signal),
    quiesce: (signal) => link.quiesce(signal),
    reidentify: (identity, signal) => link.reidentify(identity, signal),
    power: (action, signal) => link.power(action, signal),
    exec: (request, signal) => link.exec(request, signal),
    copyIn: (request, content, signal) => link.copyIn(request, content, signal),
    copyOut: (request, signal) => link.copyOut(request, signal),
    forward: (target, signal) => link.forward(target, signal),
    stat: (at, signal) => link.stat(at, signal),
    readDirectory: (at, signal) => link.readDirectory(at, signal),
    makeDirectory: (wanted, signal) => link.makeDirectory(wanted, signal),
    remove: (request, signal) => link.remove(request, signal),
    startInBackground: (program, keep, signal) => link.startInBackground(program, keep, signal),
    background: link.background,
    watch: (wanted, signal) => link.watch(wanted, signal),
    get openStreams() {
      return link.openStreams;
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
    ...change(link),
  };
}

/** Agents that never answer. */
export const silentDialer: GuestDialer = {
  dial: (_endpoint, signal) => unlessAborted(new Promise<never>(() => {}), signal),
};

/** Machines that differ, however they come. */
export function hypervisorWith(
  hypervisor: Hypervisor,
  change: (machine: Machine) => Promise<Partial<Machine>> | Partial<Machine>,
): Hypervisor {
  const other = async (machine: Machine): Promise<Machine> => ({
    ...(machine.pausing ? { pausing: machine.pausing } : {}),
    ...(machine.saving ? { saving: machine.saving } : {}),
    ...(machine.layering ? { layering: machine.layering } : {}),
    pid: machine.pid,
    handle: machine.handle,
    agentEndpoint: machine.agentEndpoint,
    logPaths: machine.logPaths,
    pausedAtStart: machine.pausedAtStart,
    exited: machine.exited,
    stalled: () => machine.stalled(),
    abandon: () => machine.abandon(),
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
    ...(await change(machine)),
  });
  const { states } = hypervisor;
  const otherStates = states && {
    find: (directory: string) => states.find(directory),
    restore: async (...order: Parameters<MachineStates["restore"]>) =>
      other(await states.restore(...order)),
  };
  return {
    ...(otherStates ? { states: otherStates } : {}),
    name: hypervisor.name,
    isolation: hypervisor.isolation,
    guestReboot: hypervisor.guestReboot,
    boot: async (plan, signal) => other(await hypervisor.boot(plan, signal)),
    adopt: async (plan, handle, signal) => {
      const machine = await hypervisor.adopt(plan, handle, signal);
      return machine && (await other(machine));
    },
    sweep: (runRoot, known, signal) => hypervisor.sweep(runRoot, known, signal),
  };
}

/** Boots that wait until the test lets them go on; they can be called off like any boot. */
export class HeldBoots {
  readonly hypervisor: Hypervisor;
  /** resolves when the first boot has come this far */
  readonly begun: Promise<void>;
  readonly #gate = Promise.withResolvers<void>();

  constructor(inner: Hypervisor) {
    const begun = Promise.withResolvers<void>();
    this.begun = begun.promise;
    this.hypervisor = {
      name: inner.name,
      isolation: inner.isolation,
      guestReboot: inner.guestReboot,
      boot: async (plan, signal) => {
        begun.resolve();
        await unlessAborted(this.#gate.promise, signal);
        return inner.boot(plan, signal);
      },
      adopt: (plan, handle, signal) => inner.adopt(plan, handle, signal),
      sweep: (runRoot, known, signal) => inner.sweep(runRoot, known, signal),
    };
  }

  release(): void {
    this.#gate.resolve();
  }
}
