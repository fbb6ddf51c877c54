/** Which Aleph node a command is about, and as whom it asks: flags, environment, and the sign-in that is kept. */

import { type Command, Option } from "commander";

import { type Cli, flagsOf, withJson } from "../cli.ts";
import {
  type AlephAccess,
  type AlephFlags,
  alephAccessFrom,
  alephNodeFrom,
  alephSignInDir,
} from "../config.ts";
import { CLI_VERSION } from "../version.ts";
import type { Credentials } from "./credentials.ts";
import { NodeClient } from "./node-client.ts";
import { Operator } from "./operator.ts";
import { SignIns } from "./sign-ins.ts";

const USER_AGENT = `alcove-cli/${CLI_VERSION}`;

/** Adds the flags that say which node it is. */
export function withNode(command: Command): Command {
  return command.option("--node <url>", "the node's URL; default: http://localhost:4020");
}

function withAccess(command: Command): Command {
  return withNode(withJson(command))
    .option("--token-file <path>", "file that holds the administrator's token")
    .addOption(
      new Option(
        "--allocation-key-file <path>",
        "wallet of an administrator, which signs each request",
      ).conflicts("tokenFile"),
    );
}

export interface NodeTarget {
  readonly node: NodeClient;
  /** what stood on the command line, flags left out */
  readonly words: readonly string[];
}

/** A verb that asks a node. */
export function onNode(
  cli: Cli,
  command: Command,
  act: (target: NodeTarget) => Promise<void>,
): Command {
  return withAccess(command).action(async () => {
    await act({ node: await openNode(cli, command), words: command.args });
  });
}

export function accessOf(cli: Cli, command: Command): AlephAccess {
  return alephAccessFrom(flagsOf<AlephFlags>(command), cli.env);
}

export function signInsOf(cli: Cli): SignIns {
  return new SignIns(alephSignInDir(cli.env));
}

async function openNode(cli: Cli, command: Command): Promise<NodeClient> {
  const access = accessOf(cli, command);
  const credentials = await credentialsFrom(access, cli);
  return new NodeClient({ node: access.node, credentials, userAgent: USER_AGENT });
}

/** For what everybody may know. @param url `undefined`: as the environment says */
export function anybodysNode({ env }: Cli, url: string | undefined): NodeClient {
  const node = alephNodeFrom(url === undefined ? {} : { node: url }, env);
  const credentials = { kind: "nobody", reason: "not signed in" } as const;
  return new NodeClient({ node, credentials, userAgent: USER_AGENT });
}

/** @throws UsageError for a key or a sign-in that cannot be used */
export async function credentialsFrom(
  { node, token, allocationKeyFile }: AlephAccess,
  cli: Cli,
): Promise<Credentials> {
  if (allocationKeyFile !== undefined) {
    const { Wallet } = await import("./wallet.ts"); // its arithmetic is slow to load
    return { kind: "signer", wallet: Wallet.fromFile(allocationKeyFile) };
  }
  if (token !== undefined) return { kind: "token", token };
  const key = signInsOf(cli).at(node);
  if (!key) return { kind: "nobody", reason: "not signed in" };
  if (key.expiresAt.getTime() <= Date.now()) return { kind: "nobody", reason: "expired" };
  return { kind: "operator", operator: new Operator({ key, now: () => new Date() }) };
}
