/**
 * Turns Debian's archive into the tree of an image: unpacked, cleaned of everything that belongs to
 * one machine or one moment, with the recipe's files, the agent and kernel modules in it.
 */

import {
  chmod,
  cp,
  lstat,
  lutimes,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

import { run } from "#process/run.ts";

import { type BuildContext, buildFailed, SOURCE_DATE_EPOCH } from "./build-tools.ts";
import { loadOrder, parseModulesDep } from "./kernel-modules.ts";
import { installModules, readModuleIndex, type UnpackedKernel } from "./kernel-package.ts";
import type { RootfsRecipe } from "./recipe.ts";

export interface TreeParts {
  readonly recipe: RootfsRecipe;
  readonly archive: string;
  /** `files/` of the recipe */
  readonly files: string;
  readonly kernel: UnpackedKernel;
  /** where the tree is to be */
  readonly tree: string;
}

/** what differs from build to build or belongs to one machine: paths below the root */
const LEFTOVERS = [
  "etc/.pwd.lock",
  "etc/group-",
  "etc/gshadow-",
  "etc/passwd-",
  "etc/shadow-",
  "etc/subgid-",
  "etc/subuid-",
  "etc/udev/hwdb.bin",
  "run",
  "tmp",
  "usr/lib/systemd/random-seed",
  "var/cache/apt",
  "var/cache/debconf/config.dat-old",
  "var/cache/debconf/templates.dat-old",
  "var/cache/ldconfig/aux-cache",
  "var/lib/apt/lists",
  "var/lib/dbus/machine-id",
  "var/lib/dpkg/diversions-old",
  "var/lib/dpkg/lock",
  "var/lib/dpkg/lock-frontend",
  "var/lib/dpkg/status-old",
  "var/lib/dpkg/statoverride-old",
  "var/lib/dpkg/triggers/Lock",
  "var/lib/systemd/random-seed",
  "var/tmp",
];

/** made again empty after `LEFTOVERS` are gone */
const EMPTY_DIRS: readonly (readonly [string, number])[] = [
  ["run", 0o755],
  ["tmp", 0o1777],
  ["var/tmp", 0o1777],
  ["proc", 0o755],
  ["sys", 0o755],
  ["var/cache/apt/archives/partial", 0o755],
  ["var/lib/apt/lists/partial", 0o755],
];

export async function assembleTree(
  context: BuildContext,
  parts: TreeParts,
  signal: AbortSignal,
): Promise<void> {
  const { tree, recipe } = parts;
  await mkdir(tree);
  const unpack = [
    "-xpf",
    parts.archive,
    "-C",
    tree,
    "--numeric-owner",
    "--xattrs",
    "--xattrs-include=*",
  ];
  await run({ file: "tar", args: unpack }, signal);
  await clean(tree);
  await cp(parts.files, tree, { recursive: true });
  await writeFile(path.join(tree, "etc/machine-id"), "");
  await installAgent(context, recipe, tree);
  await installModules(parts.kernel, { tree, paths: await chosenModules(parts) }, signal);
  await clampTimes(tree, signal);
}

async function clean(tree: string): Promise<void> {
  for (const leftover of LEFTOVERS)
    await rm(path.join(tree, leftover), { recursive: true, force: true });
  for (const [dir, mode] of EMPTY_DIRS) {
    await mkdir(path.join(tree, dir), { recursive: true });
    await chmod(path.join(tree, dir), mode);
  }
  await emptyLogs(path.join(tree, "var/log"));
}

/** Log files keep owner and mode, which their writers rely on, and lose their content. */
async function emptyLogs(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) await emptyLogs(file);
    else if (entry.isFile()) await truncate(file);
  }
}

const AGENT = "usr/sbin/alcove-agent";
const UNIT = "etc/systemd/system/alcove-agent.service";

async function installAgent(
  context: BuildContext,
  recipe: RootfsRecipe,
  tree: string,
): Promise<void> {
  await cp(context.agentPath, path.join(tree, AGENT));
  await chmod(path.join(tree, AGENT), 0o755);
  if (recipe.init !== "systemd") {
    await rm(path.join(tree, "usr/sbin/init"), { force: true });
    await symlink("alcove-agent", path.join(tree, "usr/sbin/init"));
    return;
  }
  await cp(context.agentUnitPath, path.join(tree, UNIT));
  await chmod(path.join(tree, UNIT), 0o644);
  const wants = path.join(
    tree,
    "etc/systemd/system",
    `${await wantedBy(context.agentUnitPath)}.wants`,
  );
  await mkdir(wants, { recursive: true });
  await symlink(`/${UNIT}`, path.join(wants, path.basename(UNIT)));
}

/** What `systemctl enable` would read; the host need not have systemd. */
async function wantedBy(unitPath: string): Promise<string> {
  const target = /^WantedBy=(\S+)$/m.exec(await readFile(unitPath, "utf8"))?.[1];
  if (target !== undefined) return target;
  throw buildFailed("install the agent", "its systemd unit does not say WantedBy");
}

async function chosenModules({ recipe, kernel }: TreeParts): Promise<string[]> {
  const tree = parseModulesDep(await readModuleIndex(kernel, "modules.dep"));
  const { include, exclude } = recipe.modules;
  const names = [...tree.keys()].filter((file) => begins(file, include) && !begins(file, exclude));
  if (names.length === 0) throw buildFailed("copy kernel modules", "the recipe chooses none");
  return loadOrder(tree, names, "");
}

function begins(file: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => file.startsWith(`kernel/${prefix}`));
}

/** No file is younger than the build's fixed moment: the clock of the build leaves no trace. */
async function clampTimes(dir: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) await clampTimes(file, signal);
    else await clampTime(file);
  }
  await clampTime(dir);
}

async function clampTime(file: string): Promise<void> {
  const { mtimeMs } = await lstat(file);
  // Sub-second parts are cut as well: the archive keeps them, and hosts differ in what they restore.
  const seconds = Math.min(Math.floor(mtimeMs / 1000), SOURCE_DATE_EPOCH);
  await lutimes(file, seconds, seconds);
}

/** @returns the Debian packages installed in a tree, `name=version`, sorted */
export async function installedPackages(tree: string): Promise<string[]> {
  const status = await readFile(path.join(tree, "var/lib/dpkg/status"), "utf8");
  const packages: string[] = [];
  for (const paragraph of status.split("\n\n")) {
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(paragraph)?.[1];
    const name = field("Package");
    const version = field("Version");
    const installed = field("Status")?.endsWith(" installed") === true;
    if (installed && name !== undefined && version !== undefined)
      packages.push(`${name}=${version}`);
  }
  return packages.toSorted();
}
