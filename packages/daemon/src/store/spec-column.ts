/** A specification as it is stored. */

import type { VmSpec } from "#core/vm/vm.ts";

/** Written from a checked specification; a new field comes with a migration. */
export function specFromJson(json: string): VmSpec {
  const spec: VmSpec = JSON.parse(json);
  const { network, userdata, diskBytes } = spec;
  return { ...spec, userdata, diskBytes, network: { ...network, override: network.override } };
}
