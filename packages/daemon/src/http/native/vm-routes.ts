/** What is about one VM or all of them: accounts, forks, terminals, consoles. */

import type { FastifyPluginAsync } from "fastify";

import { fork, type ForkParts } from "./fork.ts";
import { type ConsoleParts, serialConsole } from "./serial-console.ts";
import { terminals } from "./terminals.ts";
import { vmAccounts, type VmParts } from "./vms.ts";

export interface VmRouteParts extends ConsoleParts, ForkParts, VmParts {}

export const vmRoutes: FastifyPluginAsync<VmRouteParts> = async (app, parts) => {
  await app.register(fork, parts);
  await app.register(serialConsole, parts);
  await app.register(terminals, parts);
  await app.register(vmAccounts, parts);
};
