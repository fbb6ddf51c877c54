/** `vm top`: what guests use, again and again on a terminal, once anywhere else. */

import { setTimeout as sleep } from "node:timers/promises";

import type { HostApi } from "@alcove/sdk";
import type { VmStats } from "@alcove/sdk/stats.ts";
import { Command } from "commander";

import { type Cli, type JsonFlag, withConnection, withJson } from "../cli.ts";
import { table } from "../table.ts";
import { topRows } from "../top-rows.ts";
import { parseDurationMs } from "../units.ts";
import { hostnameOf } from "../vm-name.ts";

interface Flags extends JsonFlag {
  readonly once?: true;
  readonly interval: number;
}

const DEFAULT_INTERVAL_MS = 2_000;
/** A second screen, so that what the terminal showed comes back; and no cursor. */
const OPEN_SCREEN = "\u001b[?1049h\u001b[?25l";
const CLOSE_SCREEN = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const ERASE_LINE_END = "\u001b[K";
const ERASE_BELOW = "\u001b[J";

export function vmTop(cli: Cli): Command {
  const command = new Command("top")
    .description("show what guests use; live on a terminal, until Ctrl-C")
    .argument("[vm]", "only this one")
    .option("--once", "print one table and leave, as without a terminal")
    .option(
      "--interval <duration>",
      "time between two looks",
      parseDurationMs,
      DEFAULT_INTERVAL_MS,
    );
  return withConnection(withJson(command)).action(
    async (name: string | undefined, flags: Flags, self: Command) => {
      using client = cli.client(self);
      const look = await looker(client, name, cli.signal);
      const first = await look();
      if (flags.json) return cli.printJson(first);
      if (flags.once || !process.stdout.isTTY) return cli.print(tableOf(first, undefined));
      await live(first, look, flags.interval, cli.signal);
    },
  );
}

/** One reading of all guests, or of one. */
interface Reading {
  readonly stats: readonly VmStats[];
  readonly atMs: number;
}

type Look = () => Promise<readonly VmStats[]>;

async function looker(
  client: HostApi,
  name: string | undefined,
  signal: AbortSignal,
): Promise<Look> {
  if (name === undefined) return () => client.stats(signal);
  const hostname = await hostnameOf(client, name, signal);
  return async () => [await client.vmStats(hostname, signal)];
}

async function live(
  first: readonly VmStats[],
  look: Look,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  using _screen = secondScreen();
  let before: Reading | undefined;
  let now: Reading = { stats: first, atMs: performance.now() };
  while (true) {
    draw(tableOf(now.stats, before && { ...before, seconds: (now.atMs - before.atMs) / 1000 }));
    await sleep(intervalMs, undefined, { signal });
    before = now;
    now = { stats: await look(), atMs: performance.now() };
  }
}

function tableOf(
  stats: readonly VmStats[],
  before: { readonly stats: readonly VmStats[]; readonly seconds: number } | undefined,
): string {
  const { header, rows } = topRows(stats, before);
  return table(header, rows);
}

/** As much as the terminal holds: what is longer would scroll, and wrap. */
function draw(text: string): void {
  const { columns, rows } = process.stdout;
  const lines = text.split("\n").slice(0, (rows || 24) - 1);
  const cut = lines.map((line) => line.slice(0, columns || 80) + ERASE_LINE_END);
  process.stdout.write(`${HOME}${cut.join("\n")}${ERASE_BELOW}`);
}

/** Every way out of the process gives the screen back: the scope's end and `exit` alike. */
function secondScreen(): Disposable {
  process.stdout.write(OPEN_SCREEN);
  process.once("exit", closeScreen);
  return {
    [Symbol.dispose]() {
      process.off("exit", closeScreen);
      closeScreen();
    },
  };
}

function closeScreen(): void {
  process.stdout.write(CLOSE_SCREEN);
}
