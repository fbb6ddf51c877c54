/** From a request to a VM that is on record, and whose start is under way. */

import type { HostGroup, HostGroups } from "../group/host-group.ts";
import { rootDiskBytes } from "../image/disk-size.ts";
import type { ImageStore } from "../ports/image-store.ts";
import type { ImportedKeys } from "../secrets/imported-keys.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Templates } from "../template/templates.ts";
import type { Newcomer } from "./additions.ts";
import type { KeptLayers } from "./kept-layers.ts";
import type { MadeAhead } from "./made-ahead.ts";
import { StartTrace } from "../trace/start-trace.ts";
import { checkSpec, type VmRequest } from "./spec.ts";
import { startOf } from "./start-of.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { VmSpec } from "./vm.ts";

const never = new AbortController().signal;

export interface SpecDeps {
  readonly keys: ImportedKeys;
  readonly secrets: Secrets;
}

/** What a request means in its group now. @throws AlcoveError for what cannot be */
export async function specOf(
  { keys, secrets }: SpecDeps,
  group: HostGroup,
  request: VmRequest,
  signal: AbortSignal,
): Promise<VmSpec> {
  const imported = await keys.keysFor(request.importKeysOf, signal);
  const spec = checkSpec(request, group, imported);
  await secrets.check(spec.secrets);
  return spec;
}

export interface CreationDeps extends SpecDeps {
  readonly groups: HostGroups;
  readonly images: ImageStore;
  readonly templates: Templates;
  readonly keptLayers: KeptLayers;
  readonly ahead: MadeAhead;
  readonly vms: {
    readonly add: (it: Newcomer, signal: AbortSignal) => Promise<VmSupervisor>;
    readonly inBackground: (vm: VmSupervisor, event: string, work: () => Promise<void>) => unknown;
  };
}

/** When this rejects, nothing is left behind. */
export async function createVm(
  deps: CreationDeps,
  groupName: string,
  request: VmRequest,
  signal: AbortSignal,
): Promise<VmSupervisor> {
  const trace = new StartTrace();
  const group = deps.groups.get(groupName);
  const spec = await specOf(deps, group, request, signal);
  const image = await deps.images.resolve(spec.image, signal);
  const diskBytes = rootDiskBytes(spec.diskBytes, image);
  const { kind, hostname, address: wantedAddress } = request;
  const start = await startOf({ kind, spec, image, diskBytes }, deps.templates, signal);
  trace.took("template");
  using _ground = start.layer && deps.keptLayers.hold(start.layer);
  const made = { group, kind, hostname, wantedAddress, spec, image, diskBytes, trace, ...start };
  const { origin } = start;
  using claim = deps.ahead.claim({ group: group.name, kind, spec, origin, wantedAddress });
  const vm = await deps.vms.add({ ...made, claim }, signal);
  const begin = () => (claim ? vm.startWith(claim, never) : vm.start(never));
  void deps.vms.inBackground(vm, "vm.start_failed", begin);
  return vm;
}
