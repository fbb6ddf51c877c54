/** `alcoved`, the daemon: settings in, signals in, log out. What it is made of is in `compose/`. */

import { startHost } from "./compose/start-host.ts";
import { readConfig } from "./config/config.ts";
import { StartRefused } from "./lib/start-refused.ts";
import { pinoLog } from "./log/pino-log.ts";

const USAGE = `usage: alcove up [FILE]
Runs the daemon in the foreground; Ctrl-C stops it. FILE is a configuration as Slicer has it (slicer.yaml);
it may also be named by ALCOVE_CONFIG. Other settings are ALCOVE_* variables: docs/configuration.md
`;

const [file, ...unknown] = process.argv.slice(2);
if (file?.startsWith("-") === true || unknown.length > 0) {
  const help = file === "--help" || file === "-h";
  (help ? process.stdout : process.stderr).write(USAGE);
  process.exit(help ? 0 : 2);
}

process.umask(0o077); // everything it makes is private unless said otherwise

const log = pinoLog();
const stop = new AbortController();
const asked = Promise.withResolvers<void>();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(1); // asked twice: the next start clears up
    stop.abort(new Error(`stopped by ${name}`));
    asked.resolve();
  });
}

try {
  const config = readConfig(process.env, process.getuid?.() ?? 0, file);
  await using host = await startHost(config, log, stop.signal);
  await Promise.race([asked.promise, host.stopAsked]);
  stop.abort(new Error("stopped on request"));
  log.info("host.stopping", { onStop: config.onStop });
} catch (error) {
  const refused = error instanceof StartRefused;
  log.error("host.failed", refused ? { reason: error.message } : { error });
  if (refused) process.stderr.write(`alcove: ${error.message}\n`);
  process.exitCode = 1;
}
