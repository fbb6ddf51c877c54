/**
 * Takes a copy through all that a VM does until its first command has ended, as nobody's VM, and lets it stand still
 * again.
 *
 * What is slow in that is slow the first time: memory that is touched, and under emulation code that was never
 * translated. Afterwards the guest is somebody of its own but for its name, and has been given no secrets; whoever
 * claims it makes its random generator, its clock and its name his.
 */

import { within } from "#lib/patience.ts";

import type { GuestReceipt } from "../ports/guest-identity.ts";
import type { GuestLink } from "../ports/guest-link.ts";
import type { Machine } from "../ports/machine.ts";
import { forgetDelivery } from "../secrets/delivery.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { runFirstCommand } from "../template/first-command.ts";
import type { WayIn } from "../vm/occupancy.ts";
import type { SupervisorDeps } from "../vm/supervisor-deps.ts";
import type { VmRecord } from "../vm/vm.ts";

export interface WarmUpDeps extends Pick<
  SupervisorDeps,
  "dialer" | "renewGuest" | "prepareGuest" | "configurationFor"
> {
  readonly secrets: Secrets;
}

/** Disposing it ends the session that nobody has taken. */
export interface FirstSession extends WayIn, AsyncDisposable {}

/** how long it may take, in `ms` */
const WARM_UP_TIMEOUT_MS = 30_000;

export async function warmUp(
  place: VmRecord,
  machine: Machine,
  deps: WarmUpDeps,
  signal: AbortSignal,
): Promise<FirstSession> {
  const { dialer, renewGuest, prepareGuest, configurationFor } = deps;
  const died = new AbortController();
  void machine.exited.then(() => died.abort(new Error("it ended while it was prepared")));
  const till = within(WARM_UP_TIMEOUT_MS, AbortSignal.any([signal, died.signal]));
  await using undo = new AsyncDisposableStack();
  await machine.pausing?.resume(till);
  const link = undo.use(await dialer.dial(machine.agentEndpoint, till));
  const receipt = await renewGuest(place, link, till);
  await prepareGuest(place, link, "nothing, and the place for it", till);
  await link.configure(await configurationFor(place), till);
  await runFirstCommand(link, till);
  const hold = link.holdLiveness();
  await machine.pausing?.pause(till);
  undo.move();
  const first = firstLink(link, hold);
  return {
    dialer: { dial: async (endpoint, over) => first.take() ?? dialer.dial(endpoint, over) },
    renewGuest: (record, there, over) => becomes(record, receipt, { there, deps }, over),
    [Symbol.asyncDispose]: async () => first.take()?.[Symbol.asyncDispose](),
  };
}

/** Whoever takes it has it alone, and its silence means what it does otherwise. */
function firstLink(link: GuestLink, hold: Disposable) {
  let first: GuestLink | undefined = link;
  return {
    take: (): GuestLink | undefined => {
      const taken = first;
      first = undefined;
      hold[Symbol.dispose]();
      return taken;
    },
  };
}

/**
 * The rest of becoming the VM of `record`: nothing that it draws or calls itself is what it was before.
 * @param before what its agent confirmed when it was made
 */
async function becomes(
  record: VmRecord,
  before: GuestReceipt,
  { there, deps }: { readonly there: GuestLink; readonly deps: WarmUpDeps },
  signal: AbortSignal,
): Promise<GuestReceipt> {
  const { hostname, time, entropy } = await deps.configurationFor(record);
  const kept = { machineId: undefined, sshHostKeys: undefined, network: undefined };
  const now = await there.reidentify({ hostname, time, entropy, ...kept }, signal);
  if (now.machineId !== before.machineId) throw new Error("the agent confirms another machine id");
  if (await hasSecrets(deps.secrets, record)) await forgetDelivery(there, signal);
  return { ...before, rng: now.rng, clockStepNs: now.clockStepNs, hostname: now.hostname };
}

async function hasSecrets(secrets: Secrets, { spec }: VmRecord): Promise<boolean> {
  for await (const _one of secrets.chosen(spec.secrets)) return true;
  return false;
}
