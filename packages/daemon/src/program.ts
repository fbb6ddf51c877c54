/** `alcoved`, the daemon: settings in, signals in, log out. What it is made of is in `compose/`. */

import { flushCompileCache } from "node:module";

import type { RunningHost } from "./compose/start-host.ts";
import { type Config, readConfig } from "./config/config.ts";
import type { Log } from "./core/ports/log.ts";
import { foreseeTscKhz } from "./host/tsc.ts";
import { StartRefused } from "./lib/start-refused.ts";
import { pinoLog } from "./log/pino-log.ts";

const USAGE = `usage: alcove up [FILE]
Runs the daemon in the foreground; Ctrl-C stops it. FILE is a configuration as Slicer has it (slicer.yaml);
it may also be named by ALCOVE_CONFIG. Other settings are ALCOVE_* variables: docs/configuration.md
`;

/** after it began to serve, when what was compiled is kept for the next start, in `ms`: a killed daemon keeps nothing */
const KEEP_COMPILED_AFTER_MS = 3_000;

/** Resolves when it has ended; the exit status is the process's. @param args a configuration file, at most */
export async function runDaemon(
  [file, ...unknown]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  if (file?.startsWith("-") === true || unknown.length > 0) {
    const help = file === "--help" || file === "-h";
    (help ? process.stdout : process.stderr).write(USAGE);
    process.exitCode = help ? 0 : 2;
    return;
  }
  process.umask(0o077); // everything it makes is private unless said otherwise
  const log = pinoLog();
  const { stop, asked } = onSignals();
  try {
    const config = readConfig(env, process.getuid?.() ?? 0, file);
    await using host = await begin(config, log, stop.signal);
    setTimeout(flushCompileCache, KEEP_COMPILED_AFTER_MS).unref();
    await Promise.race([asked, host.stopAsked]);
    stop.abort(new Error("stopped on request"));
    log.info("host.stopping", { onStop: config.onStop });
  } catch (error) {
    const refused = error instanceof StartRefused;
    log.error("host.failed", refused ? { reason: error.message } : { error });
    if (refused) process.stderr.write(`alcove: ${error.message}\n`);
    process.exitCode = 1;
  }
}

async function begin(config: Config, log: Log, signal: AbortSignal): Promise<RunningHost> {
  if (config.hypervisor !== "fake") foreseeTscKhz(config.agentBinary, signal);
  const { startHost } = await import("./compose/start-host.ts"); // most of what there is to load
  return await startHost(config, log, signal);
}

function onSignals(): { readonly stop: AbortController; readonly asked: Promise<void> } {
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1); // asked twice: the next start clears up
      stop.abort(new Error(`stopped by ${name}`));
      asked.resolve();
    });
  }
  return { stop, asked: asked.promise };
}
