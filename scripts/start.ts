/**
 * `npm start`: starts the daemon, shows a microVM from birth to end through the real command
 * line, says what to try next and keeps serving until Ctrl-C.
 *
 *     npm start -- --once     stop after the demonstration; exit code 0 when all of it worked
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { inWords, runCommand } from "./command.ts";
import { startDaemon } from "./daemon-process.ts";
import type { DaemonProcess } from "./daemon-process.ts";

const READY_TIMEOUT_MS = 60_000;
const DEMONSTRATION_TIMEOUT_MS = 300_000;

const root = join(import.meta.dirname, "..");
const alcove = join(root, "bin/alcove");
const env = {
  ...process.env,
  ALCOVE_STATE_DIR: process.env["ALCOVE_STATE_DIR"] ?? join(root, ".alcove"),
};

/** What another terminal must be told to find this daemon, when it is not where it is by itself. */
const SETTINGS = ["ALCOVE_STATE_DIR", "ALCOVE_RUNTIME_DIR", "ALCOVE_URL"]
  .filter((name) => process.env[name] !== undefined)
  .map((name) => `  export ${name}=${process.env[name]}\n`)
  .join("");

/** @param console where the web console is, in a line of its own */
const next = (console: string): string => `
Serving until Ctrl-C, which deletes sandboxes and shuts other VMs down (ALCOVE_ON_STOP: docs/configuration.md).

  The web console:  ${console}

In another terminal, in ${root}:

${SETTINGS}  bin/alcove run -- uname -a              a microVM for one command
  bin/alcove vm launch --wait             one that stays; prints its HOSTNAME
  bin/alcove vm list
  bin/alcove vm shell HOSTNAME            a terminal inside it
  bin/alcove vm delete HOSTNAME
  bin/alcove ui                           another address that signs in at the web console
  bin/alcove doctor                       what this machine can do
`;

/** Runs one command of the demonstration, in the open. */
async function show(args: readonly string[], signal: AbortSignal): Promise<string> {
  console.log(`\n$ alcove ${args.join(" ")}`);
  const end = await runCommand({ file: alcove, args, cwd: root, env }, signal);
  signal.throwIfAborted();
  console.log(`${end.output.trimEnd()}\n  (${inWords(end.tookMs)})`);
  if (end.code === 0) return end.stdout;
  throw new Error(`alcove ${args.join(" ")} failed with exit code ${end.code}`);
}

async function demonstrate(signal: AbortSignal): Promise<void> {
  await showTemplate(signal);
  const hostname = (await show(["vm", "launch", "--wait", "agent", "--trace"], signal)).trim();
  await show(["vm", "exec", hostname, "--", "uname", "-a"], signal);
  await show(["vm", "delete", hostname], signal);
}

/** The first time a guest is booted and frozen, which the daemon would do by itself when it is idle. Without it, VMs boot. */
async function showTemplate(signal: AbortSignal): Promise<void> {
  if (process.env["ALCOVE_TEMPLATES"] === "off") return;
  try {
    await show(["template", "build"], signal);
  } catch (error) {
    signal.throwIfAborted();
    console.log(`start: going on without a template: ${String(error)}`);
  }
}

function failed(error: unknown, daemon: DaemonProcess): void {
  if (daemon.lastLines.length > 0) console.error(`\nThe daemon's last words:`);
  for (const line of daemon.lastLines) console.error(`  ${line}`);
  console.error(`\nstart: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** @returns an address that signs in, or why there is none */
async function consoleAddress(signal: AbortSignal): Promise<string> {
  const end = await runCommand({ file: alcove, args: ["ui"], cwd: root, env }, signal);
  return end.code === 0 ? end.stdout.trim() : `not to be had: ${end.output.trim()}`;
}

/** Shows the daemon's log until the user leaves or the daemon ends by itself. */
async function serve(daemon: DaemonProcess, leave: AbortSignal): Promise<void> {
  console.log(next(await consoleAddress(leave)));
  daemon.showLog();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  leave.addEventListener("abort", () => resolve(undefined), { once: true });
  if (leave.aborted) resolve(undefined);
  const how = await Promise.race([daemon.ended, promise]);
  if (how !== undefined)
    throw new Error(
      `The daemon ${how}. VMs outlive one that was killed, and the next start takes them over.`,
    );
}

const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });
const leaving = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => leaving.abort(new Error("stopped by the user")));
}
const leave = leaving.signal;

await using daemon = startDaemon(root, env);
try {
  console.log("start: the daemon starts …");
  await daemon.ready(AbortSignal.any([leave, AbortSignal.timeout(READY_TIMEOUT_MS)]));
  await demonstrate(AbortSignal.any([leave, AbortSignal.timeout(DEMONSTRATION_TIMEOUT_MS)]));
  if (!values.once) await serve(daemon, leave);
  console.log("start: stopping the daemon …");
} catch (error) {
  failed(error, daemon);
}
