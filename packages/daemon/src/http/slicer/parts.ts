/** What this surface is made of; given by the composition root. */

import type { Commits } from "#core/commit/commits.ts";
import type { HostGroups } from "#core/group/host-group.ts";
import type { Secrets } from "#core/secrets/secrets.ts";
import type { VmConsoles } from "#core/vm/consoles.ts";
import type { Vms } from "#core/vm/vms.ts";

import type { About } from "./wire.ts";

export interface SlicerParts {
  readonly vms: Vms;
  readonly commits: Commits;
  readonly groups: HostGroups;
  readonly consoles: VmConsoles;
  readonly secrets: Secrets;
  readonly about: About;
  /** whether a client that looks like Slicer's Go SDK gets the list it expects for one VM's stats */
  readonly goStats: "on" | "off";
  /** begins the daemon's orderly end; harmless when it has begun */
  readonly stop: () => void;
}
