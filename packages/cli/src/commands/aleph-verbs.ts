/** The `aleph` verbs, one by one. */

import type { Command } from "commander";

import type { Cli } from "../cli.ts";
import { alephAllocate, alephStart } from "./aleph-allocate.ts";
import { alephBackup } from "./aleph-backup.ts";
import { alephConfidential } from "./aleph-confidential.ts";
import { alephImport } from "./aleph-import.ts";
import { alephList, alephRecords } from "./aleph-list.ts";
import { alephLogs } from "./aleph-logs.ts";
import { machineVerbs } from "./aleph-machine.ts";
import { NODE_VERBS } from "./aleph-node.ts";
import { alephPorts } from "./aleph-ports.ts";
import { alephSignIn, alephSignOut, alephWhoami } from "./aleph-sign-in.ts";

const VERBS = [
  alephSignIn,
  alephSignOut,
  alephWhoami,
  alephImport,
  alephList,
  alephRecords,
  alephAllocate,
  alephStart,
  alephPorts,
  alephBackup,
  alephLogs,
  alephConfidential,
  ...NODE_VERBS,
];

export function alephVerbs(cli: Cli): readonly Command[] {
  return [...VERBS.map((verb) => verb(cli)), ...machineVerbs(cli)];
}
