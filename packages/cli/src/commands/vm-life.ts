/** The verbs about a VM's life: that it stands still, ends, begins again, or that another begins with its disk. */

import { vmCommit } from "./vm-commit.ts";
import { vmFork } from "./vm-fork.ts";
import * as power from "./vm-power.ts";

export const LIFE_VERBS = [
  power.vmPause,
  power.vmResume,
  power.vmSuspend,
  power.vmRestore,
  power.vmShutdown,
  power.vmRelaunch,
  vmCommit,
  vmFork,
];

export const { vmRelaunch } = power;
