/** `aleph sign-in`, `sign-out` and `whoami`: the wallet signs once for a key that lives a day, and that key is kept. */

import { Command } from "commander";

import { accessOf, credentialsFrom, signInsOf, withNode } from "../aleph/node-flags.ts";
import { KEY_LIFE_MS, makeOperatorKey } from "../aleph/operator-key.ts";
import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { parseDurationMs } from "../units.ts";

interface SignInFlags extends JsonFlag {
  readonly keyFile: string;
  readonly for?: number;
}

/** Whoever can read the file can use the key until then. */
const LONGEST_MS = 30 * KEY_LIFE_MS;

export function alephSignIn(cli: Cli): Command {
  const command = new Command("sign-in")
    .description("let a key of a day ask this node in the name of a wallet")
    .requiredOption("--key-file <path>", "the wallet's private key: 32 bytes, or 64 digits")
    .option("--for <duration>", "how long, such as 8h; default: a day", parseDurationMs);
  return withNode(withJson(command)).action(async (flags: SignInFlags, self: Command) => {
    const lifeMs = flags.for ?? KEY_LIFE_MS;
    if (lifeMs <= 0 || lifeMs > LONGEST_MS)
      throw new UsageError("--for: between a second and 720h");
    const { Wallet } = await import("../aleph/wallet.ts"); // its arithmetic is slow to load
    const { node } = accessOf(cli, self);
    const wallet = Wallet.fromFile(flags.keyFile);
    const key = makeOperatorKey({ wallet, node, now: new Date(), lifeMs });
    const file = signInsOf(cli).keep(node, key);
    const { address, expiresAt } = key;
    if (flags.json) return cli.printJson({ node: node.origin, address, expires: expiresAt, file });
    cli.print(address);
    cli.say(`Signed in at ${node.origin} until ${expiresAt.toISOString()}, with ${file}.`);
  });
}

export function alephSignOut(cli: Cli): Command {
  const command = new Command("sign-out").description("forget the sign-in at this node");
  return withNode(withJson(command)).action((flags: JsonFlag, self: Command) => {
    const { node } = accessOf(cli, self);
    const wasIn = signInsOf(cli).forget(node);
    if (flags.json) return cli.printJson({ node: node.origin, was_signed_in: wasIn });
    cli.say(wasIn ? `Signed out at ${node.origin}.` : `Nobody is signed in at ${node.origin}.`);
  });
}

/** Asks nobody: what is kept here says it. */
export function alephWhoami(cli: Cli): Command {
  const command = new Command("whoami")
    .description("as whom this node is asked")
    .option("--token-file <path>", "file that holds the administrator's token")
    .option("--allocation-key-file <path>", "wallet of an administrator");
  return withNode(withJson(command)).action(async (flags: JsonFlag, self: Command) => {
    const access = accessOf(cli, self);
    const credentials = await credentialsFrom(access, cli);
    const { origin } = access.node;
    if (credentials.kind === "nobody") {
      const message =
        credentials.reason === "expired"
          ? `The sign-in at ${origin} has expired.`
          : `Nobody is signed in at ${origin}.`;
      const advice = "Sign in with `alcove aleph sign-in --key-file FILE`.";
      throw new CommandError(message, EXIT.notAllowed, { advice, code: "unauthenticated" });
    }
    if (credentials.kind === "token") {
      if (flags.json) cli.printJson({ node: origin, as: "administrator" });
      else cli.print(`the administrator's token, at ${origin}`);
      return;
    }
    if (credentials.kind === "signer") {
      const { address } = credentials.wallet;
      if (flags.json) cli.printJson({ node: origin, as: "signer", address });
      else cli.print(`${address}, which signs each request, at ${origin}`);
      return;
    }
    const { address, expiresAt } = credentials.operator;
    if (flags.json) cli.printJson({ node: origin, as: "owner", address, expires: expiresAt });
    else cli.print(`${address} at ${origin}, until ${expiresAt.toISOString()}`);
  });
}
