/** The daemon as a child of `npm start`: started, watched until it serves, stopped with its own words kept. */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { NODE_FLAGS } from "../packages/cli/src/daemon-script.ts";

/** the event of the daemon's log that says that it serves */
const LISTENING = '"host.listening"';
const KEPT_LINES = 40;
const STOP_GRACE_MS = 20_000;

export interface DaemonProcess extends AsyncDisposable {
  /** the newest lines of its log, oldest first */
  readonly lastLines: readonly string[];
  /** settles once, with words for people; never rejects */
  readonly ended: Promise<string>;
  /** resolves when it serves; rejects when it ended before, or with the signal's reason */
  ready(signal: AbortSignal): Promise<void>;
  /** from now on its log goes to this process's output as well */
  showLog(): void;
}

export function startDaemon(root: string, env: NodeJS.ProcessEnv): DaemonProcess {
  // Before Node starts: its entry, too, is then not compiled again.
  const compiled = { NODE_COMPILE_CACHE: join(root, "node_modules/.cache/alcove") };
  const child = spawn(process.execPath, [...NODE_FLAGS, "packages/daemon/src/main.ts"], {
    cwd: root,
    env: { ...compiled, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // Its own group: Ctrl-C in the terminal comes to us, and we ask it to stop.
    detached: true,
  });
  const lastLines: string[] = [];
  const listening = Promise.withResolvers<void>();
  let shown = false;
  const keep = (line: string): void => {
    if (lastLines.push(line) > KEPT_LINES) lastLines.shift();
    if (shown) console.log(line);
    if (line.includes(LISTENING)) listening.resolve();
  };
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", keep);
  const ended = endOf(child);
  return {
    lastLines,
    ended,
    ready: (signal) => untilReady(listening.promise, ended, signal),
    showLog: () => {
      shown = true;
    },
    [Symbol.asyncDispose]: () => stop(child, ended),
  };
}

function endOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.on("error", (error) => resolve(`could not be started: ${error.message}`));
  child.on("close", (code, signal) =>
    resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
  );
  return promise;
}

async function untilReady(
  listening: Promise<void>,
  ended: Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const aborted = once(signal, "abort").then(() => signal.throwIfAborted());
  const early = ended.then((how) => {
    throw new Error(`The daemon ${how} before it served.`);
  });
  await Promise.race([listening, early, aborted]);
}

/** Asks, then insists. */
async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const insist = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
  await ended;
  clearTimeout(insist);
}
