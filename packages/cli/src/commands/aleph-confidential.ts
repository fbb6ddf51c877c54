/** `aleph confidential`: what a confidential VM was started with, before its owner trusts it with a secret. */

import { readFileSync } from "node:fs";

import { Command } from "commander";

import { vmHashes } from "../aleph/hashes.ts";
import { type Measurement, isAsExpected, measurementIn } from "../aleph/measurement.ts";
import { onNode } from "../aleph/node-flags.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { parseWhole } from "../units.ts";

interface Flags extends JsonFlag {
  readonly firmware?: string;
  readonly tik?: string;
  readonly policy: number;
}

const TIK_BYTES = 16;
/** of those who say nothing: no debugging */
const DEFAULT_POLICY = 1;

export function alephConfidential(cli: Cli): Command {
  return new Command("confidential")
    .description("VMs whose memory the node cannot read")
    .addCommand(measure(cli));
}

function measure(cli: Cli): Command {
  const command = new Command("measure")
    .description("show what the processor has measured; with --firmware and --tik, judge it")
    .argument("<hash>")
    .option("--firmware <path>", "the file the VM was to be started with")
    .option("--tik <path>", "integrity key of the session, as sevctl has written it")
    .option("--policy <n>", "of the session", parseWhole(0), DEFAULT_POLICY);
  return onNode(cli, command, async ({ node, words }) => {
    const flags = command.opts<Flags>();
    const expected = expectedFrom(flags);
    const [hash = ""] = await vmHashes(node, words, cli.signal);
    const path = `/control/machine/${hash}/confidential/measurement`;
    const answer = await node.askJson({ method: "GET", path, audience: "owner" }, cli.signal);
    const measurement = measurementIn(answer);
    if (flags.json) cli.printJson(answer);
    else cli.print(shown(measurement));
    if (!expected) return;
    if (isAsExpected(measurement, expected))
      return cli.say("It is the firmware, the policy and the key.");
    throw new CommandError(
      "The measurement is of something else: do not send the secret",
      EXIT.failed,
      {
        code: "wrong_measurement",
        advice: "The firmware, the policy, the session's key or the node is not the one you think.",
      },
    );
  });
}

function expectedFrom({ firmware, tik, policy }: Flags) {
  if (firmware === undefined && tik === undefined) return undefined;
  if (firmware === undefined || tik === undefined)
    throw new UsageError("To judge the measurement, give both --firmware and --tik");
  const key = contentsOf(tik);
  if (key.length !== TIK_BYTES)
    throw new UsageError(
      `${printableLine(tik)} holds ${key.length} bytes; the key has ${TIK_BYTES}`,
    );
  return { firmware: contentsOf(firmware), tik: key, policy };
}

function contentsOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${printableLine(file)} cannot be read: ${why}`, { cause });
  }
}

function shown({ info, digest, nonce }: Measurement): string {
  const { api_major: major, api_minor: minor, build_id: build, policy, state } = info;
  const rows = [
    ["policy", String(policy)],
    ["firmware of the processor", `${major}.${minor} build ${build}`],
    ["measurement", digest.toString("hex")],
    ["nonce", nonce.toString("hex")],
  ];
  return table(["state", state], rows);
}
