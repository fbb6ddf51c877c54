/** Every route of an Aleph node. */

import type { FastifyPluginAsync } from "fastify";

import { about } from "./about.ts";
import { backups } from "./backups.ts";
import { certificates } from "./certificates.ts";
import { confidential } from "./confidential.ts";
import { control } from "./control.ts";
import { local } from "./local.ts";
import { login } from "./login.ts";
import { logs } from "./logs.ts";
import { machines } from "./machines.ts";
import { maintenance } from "./maintenance.ts";
import type { AlephParts } from "./parts.ts";
import { published } from "./published.ts";
import { restore } from "./restore.ts";
import { status } from "./status.ts";
import { streamLogs } from "./stream-logs.ts";
import { update } from "./update.ts";

const NODE = [about, login, certificates, status];
const VMS = [control, machines, update, logs, streamLogs, confidential, backups, restore];
const STORE = [maintenance, local, published];

export const routes: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  for (const part of [...NODE, ...VMS, ...STORE]) await app.register(part, parts);
};
