/**
 * HAProxy as a process of its own that outlives the daemon: found again, replaced, ended.
 *
 * It is known by its working directory, which nobody else's HAProxy has, and its configuration by the
 * name of the file, which tells what is in it.
 */

import { createHash } from "node:crypto";
import {
  chmod,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

import { pause, within } from "#lib/patience.ts";
import { Child } from "#process/child.ts";
import { run, TOOL_ENV } from "#process/run.ts";

import { AdminSocket } from "./admin-socket.ts";
import {
  BACKENDS,
  certificatePath,
  emptyRootPath,
  haproxyConfig,
  mapPath,
  type ProxyPlan,
} from "./haproxy-config.ts";

const PROGRAM = "haproxy";
const READY_LIMIT_MS = 10_000;
const END_LIMIT_MS = 3_000;
const LOOK_EVERY_MS = 50;
/** what HAProxy says is kept up to this size, then begun anew */
const LOG_NAME = "haproxy.log";

interface Found {
  readonly pid: number;
  readonly configPath: string;
}

/** @returns whether one that was there already goes on. @throws Error with HAProxy's own words when it does not start */
export async function ensureHaproxy(
  plan: ProxyPlan,
  signal: AbortSignal,
): Promise<"started" | "was there"> {
  const config = haproxyConfig(plan);
  const digest = createHash("sha256").update(config).digest("hex").slice(0, 16);
  const configPath = path.join(plan.directory, `haproxy-${digest}.cfg`);
  const found = await findHaproxies(plan.directory);
  const [only] = found;
  if (found.length === 1 && only?.configPath === configPath && (await answers(plan, signal)))
    return "was there";
  await endHaproxies(plan.directory, signal);
  await makeDirectory(plan, signal);
  await writeFile(configPath, config, { mode: 0o600 });
  await start(plan, configPath, signal);
  return "started";
}

/** Ends every HAProxy of this directory, and removes all that it had; harmless when there is none. */
export async function removeHaproxy(
  { directory, socket }: Pick<ProxyPlan, "directory" | "socket">,
  signal: AbortSignal,
): Promise<void> {
  // A socket of that name may be somebody else's HAProxy's.
  if ((await endHaproxies(directory, signal)) === "ended") await rm(socket, { force: true });
  await rm(directory, { recursive: true, force: true });
}

async function endHaproxies(
  directory: string,
  signal: AbortSignal,
): Promise<"ended" | "none there"> {
  const found = await findHaproxies(directory);
  for (const { pid } of found) kill(pid, "SIGTERM");
  const limit = performance.now() + END_LIMIT_MS;
  for (
    let left = await findHaproxies(directory);
    left.length > 0;
    left = await findHaproxies(directory)
  ) {
    if (performance.now() > limit) for (const { pid } of left) kill(pid, "SIGKILL");
    await pause(LOOK_EVERY_MS, signal);
  }
  return found.length > 0 ? "ended" : "none there";
}

async function start(plan: ProxyPlan, configPath: string, signal: AbortSignal): Promise<void> {
  const logPath = path.join(plan.directory, LOG_NAME);
  await using log = await open(logPath, "w", 0o600);
  const child = await Child.spawn({
    file: PROGRAM,
    args: ["-db", "-f", configPath],
    env: TOOL_ENV,
    cwd: plan.directory,
    graceMs: 0,
    session: "own",
    stdout: log.fd,
    stderr: log.fd,
  });
  child.leaveRunning();
  const limit = within(READY_LIMIT_MS, signal);
  while (!(await answers(plan, limit))) {
    if (!child.running) throw new Error(`HAProxy does not start: ${await lastWords(logPath)}`);
    await pause(LOOK_EVERY_MS, limit);
  }
}

async function answers({ socket }: ProxyPlan, signal: AbortSignal): Promise<boolean> {
  try {
    return (await new AdminSocket(socket).ask("show info", signal)).startsWith("Name: HAProxy");
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

async function makeDirectory(plan: ProxyPlan, signal: AbortSignal): Promise<void> {
  await mkdir(plan.directory, { recursive: true, mode: 0o700 });
  await chmod(plan.directory, 0o700);
  await mkdir(emptyRootPath(plan), { recursive: true, mode: 0o755 });
  for (const name of await readdir(plan.directory)) {
    if (name.endsWith(".cfg")) await rm(path.join(plan.directory, name));
  }
  // Without the file HAProxy would not start; what is in it is told afterwards.
  for (const backend of BACKENDS) await (await open(mapPath(plan, backend), "a", 0o600)).close();
  await mkdir(path.dirname(plan.socket), { recursive: true, mode: 0o700 });
  await makeCertificate(plan, signal);
}

/** Signed by itself: SSH in it has keys of its own, and TLS is only there to say which VM is meant. */
async function makeCertificate(plan: ProxyPlan, signal: AbortSignal): Promise<void> {
  const file = certificatePath(plan);
  const there = await stat(file).catch(() => undefined);
  if (there && there.size > 0) return;
  const [key, certificate] = ["ssh.key", "ssh.crt"].map((name) => path.join(plan.directory, name));
  if (key === undefined || certificate === undefined) throw new Error("invariant: two names");
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const args = ["req", "-x509", ...kind, "-days", "3650", "-subj", "/CN=alcove-ssh"];
  await run({ file: "openssl", args: [...args, "-keyout", key, "-out", certificate] }, signal);
  const both = [await readFile(certificate), await readFile(key)];
  await writeFile(file, Buffer.concat(both), { mode: 0o600 });
  for (const part of [key, certificate]) await rm(part);
}

/** All whose working directory is ours; one that has given up its root is in the empty one. */
async function findHaproxies(directory: string): Promise<readonly Found[]> {
  const homes = new Set([directory, path.join(directory, "empty")]);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => haproxyAt(pid, homes)));
  return found.filter((one) => one !== undefined);
}

async function haproxyAt(pid: number, homes: ReadonlySet<string>): Promise<Found | undefined> {
  try {
    const home = await readlink(`/proc/${pid}/cwd`);
    if (!homes.has(home.replace(/ \(deleted\)$/, ""))) return undefined;
    const args = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    if (path.basename(args[0] ?? "") !== PROGRAM) return undefined;
    return { pid, configPath: args[args.indexOf("-f") + 1] ?? "" };
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

const LAST_WORDS_CHARS = 2000;

async function lastWords(logPath: string): Promise<string> {
  const said = await readFile(logPath, "utf8").catch(() => "");
  return said.trim().slice(-LAST_WORDS_CHARS) || "it said nothing";
}
