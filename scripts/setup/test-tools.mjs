/**
 * What only the tests of the Aleph API need: the network's own Python client, and sevctl, which makes launch
 * sessions for it. Both are other people's programs, fetched and kept beside the daemon's state.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { debianPackagesForTests, pathWithCargo } from "./machine.mjs";
import { longCommand } from "./progress.mjs";
import { hashOf, isStamped, stamp } from "./stamp.mjs";

const REQUIREMENTS = "e2e/aleph-python/requirements.txt";
const SEVCTL = "0.6.2";

/** @param {string} stateDir */
export function toolsDir(stateDir) {
  return join(stateDir, "test-tools");
}

/** @param {string} stateDir */
export function pythonOf(stateDir) {
  return join(toolsDir(stateDir), "python/bin/python");
}

/** @param {string} stateDir */
export function sevctlOf(stateDir) {
  return join(toolsDir(stateDir), "sevctl/bin/sevctl");
}

/**
 * @param {string} stateDir
 * @returns {string | undefined} why tests with the network's own client cannot run, and what to do
 */
export function whyNoAlephClient(stateDir) {
  const missing = [pythonOf(stateDir), sevctlOf(stateDir)].filter((file) => !existsSync(file));
  if (missing.length === 0) return undefined;
  return `${missing.join(" and ")} is not there; node scripts/setup-tests.mjs makes it`;
}

/** @param {string} root */
export function testPackages(root) {
  return debianPackagesForTests(root);
}

/**
 * @param {string} root
 * @param {string} stateDir
 */
export async function pythonClient(root, stateDir) {
  const directory = join(toolsDir(stateDir), "python");
  const stampFile = join(toolsDir(stateDir), "python.stamp");
  const hash = hashOf(root, [REQUIREMENTS]);
  if (isStamped(stampFile, hash) && existsSync(pythonOf(stateDir))) return undefined;
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: "1" };
  const advice = "pip needs a package index: check the network and `pip config list`.";
  await longCommand(
    {
      title: "making a place for Python packages",
      file: "python3",
      args: ["-m", "venv", "--clear", directory],
      cwd: root,
      env,
    },
    "python3 with its venv module is needed (Debian: python3-venv).",
  );
  const args = ["-m", "pip", "install", "--quiet", "-r", join(root, REQUIREMENTS)];
  const title = "installing Aleph's Python client";
  await longCommand({ title, file: pythonOf(stateDir), args, cwd: root, env }, advice);
  stamp(stampFile, hash);
  return "installed";
}

/**
 * @param {string} root
 * @param {string} stateDir
 */
export async function sevctl(root, stateDir) {
  const directory = join(toolsDir(stateDir), "sevctl");
  const stampFile = join(toolsDir(stateDir), "sevctl.stamp");
  if (isStamped(stampFile, SEVCTL) && existsSync(sevctlOf(stateDir))) return undefined;
  // Not optimised: it is compiled in a third of the time, and what it does takes no time.
  const args = ["install", "sevctl", "--version", SEVCTL, "--locked", "--debug", "--force"];
  const where = ["--root", directory];
  const env = { ...process.env, PATH: pathWithCargo() };
  const advice = "cargo needs crates, and Debian's libssl-dev and pkg-config.";
  const title = `building sevctl ${SEVCTL}`;
  await longCommand({ title, file: "cargo", args: [...args, ...where], cwd: root, env }, advice);
  stamp(stampFile, SEVCTL);
  return "built";
}
