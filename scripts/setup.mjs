/**
 * Makes a fresh checkout able to run: Debian packages, npm packages (with Node 24), the web console, the
 * guest agent and the default guest image. Each step is skipped when it is already done.
 *
 * Runs on Node 20 with nothing installed, so it uses built-ins only. `npm start` and `npm test`
 * call it first. State goes to ALCOVE_STATE_DIR, by default `.alcove` of the checkout.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { whyNoGoTests } from "./setup/go.mjs";
import { debianPackages, pathWithCargo, rustToolchain } from "./setup/machine.mjs";
import { SetupError, inSeconds, longCommand, say, step } from "./setup/progress.mjs";
import { hashOf, isStamped, stamp } from "./setup/stamp.mjs";

const OLDEST_NODE = 20;
const NODE_OF_PROJECT = "v24.";
const DEFAULT_IMAGE = "base";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stateDir = process.env["ALCOVE_STATE_DIR"] ?? join(root, ".alcove");
const nodeOfProject = join(root, "node_modules/.bin/node");
const agent = "guest/target/x86_64-unknown-linux-gnu/release/alcove-agent";

/** `npm run` puts node_modules/.bin first; npm must not run on a Node that it is about to replace. */
function pathOfMachine() {
  const own = join("node_modules", ".bin");
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.endsWith(own))
    .join(delimiter);
}

function nodeVersion() {
  return spawnSync(nodeOfProject, ["--version"], { encoding: "utf8" }).stdout?.trim() ?? "none";
}

async function npmPackages() {
  const manifests = ["api", "sdk", "cli", "console", "daemon"].map(
    (name) => `packages/${name}/package.json`,
  );
  const hash = hashOf(root, ["package.json", "package-lock.json", ...manifests]);
  const stampFile = join(root, "node_modules/.alcove-setup");
  if (isStamped(stampFile, hash) && nodeVersion().startsWith(NODE_OF_PROJECT)) return undefined;
  const args = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  const env = { ...process.env, PATH: pathOfMachine(), npm_config_loglevel: "error" };
  const advice =
    "npm ci needs a package registry: check the network and `npm config get registry`, " +
    "then try again.";
  await longCommand(
    { title: "installing npm packages, Node 24 among them", file: "npm", args, cwd: root, env },
    advice,
  );
  const version = nodeVersion();
  if (!version.startsWith(NODE_OF_PROJECT)) {
    throw new SetupError(
      `node_modules/.bin/node is ${version}, not ${NODE_OF_PROJECT}x: npm has no Node for ` +
        `${process.platform}-${process.arch}, or was told to omit optional packages.`,
    );
  }
  stamp(stampFile, hash);
  return `installed, node is ${version}`;
}

async function webConsole() {
  const own = ["build.ts", "index.html", "package.json", "public", "src", "vite-settings.ts"];
  const hash = hashOf(root, [
    ...own.map((name) => `packages/console/${name}`),
    "packages/sdk/src",
    "packages/api/src",
    "package-lock.json",
  ]);
  const stampFile = join(root, "node_modules/.alcove-console");
  const built = join(root, "packages/console/dist/index.html");
  if (isStamped(stampFile, hash) && existsSync(built)) return undefined;
  const args = [join(root, "packages/console/build.ts")];
  const cwd = join(root, "packages/console");
  const advice = "If a package is missing: remove node_modules/.alcove-setup and try again.";
  await longCommand(
    { title: "building the web console", file: nodeOfProject, args, cwd, env: process.env },
    advice,
  );
  stamp(stampFile, hash);
  return "built";
}

async function guestAgent() {
  const inputs = ["Cargo.toml", "Cargo.lock", ".cargo", "build.rs", "src", "protocol"];
  const hash = hashOf(join(root, "guest"), inputs);
  const stampFile = join(root, "guest/target/.alcove-setup");
  if (isStamped(stampFile, hash) && existsSync(join(root, agent))) return undefined;
  const args = ["build", "--release", "--locked"];
  const cwd = join(root, "guest");
  const env = { ...process.env, PATH: pathWithCargo() };
  const advice =
    "If crates could not be fetched, check the network. If the target is missing: " +
    "rustup target add x86_64-unknown-linux-gnu";
  await longCommand({ title: "building the guest agent", file: "cargo", args, cwd, env }, advice);
  if (!existsSync(join(root, agent))) {
    throw new SetupError(`cargo built no ${agent}: is CARGO_TARGET_DIR set?`);
  }
  stamp(stampFile, hash);
  return "built";
}

async function guestImage() {
  const tool = "packages/daemon/src/image-tool.ts";
  const hash = hashOf(root, ["images", "packages/daemon/src/images", tool, "guest/systemd", agent]);
  const stampFile = join(stateDir, "setup", `image-${DEFAULT_IMAGE}`);
  if (isStamped(stampFile, hash) && existsSync(join(stateDir, "images"))) return undefined;
  const args = [join(root, tool), "build", DEFAULT_IMAGE, "--progress"];
  const env = { ...process.env, ALCOVE_STATE_DIR: stateDir };
  const advice =
    "The image is made from Debian packages: check the network and the mirror in /etc/apt.";
  const title = `building the guest image "${DEFAULT_IMAGE}"`;
  await longCommand({ title, file: nodeOfProject, args, cwd: root, env }, advice);
  stamp(stampFile, hash);
  return "built";
}

/** Not needed to run Alcove: what is missing is said, and is no failure. */
async function goTests() {
  const reason = whyNoGoTests(root);
  return reason && `tests with Slicer's Go SDK will be skipped. ${reason}`;
}

async function main() {
  const startedAt = performance.now();
  if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
    throw new SetupError(`Set-up needs Node ${OLDEST_NODE} or newer, this is ${process.version}.`);
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(
      `Alcove runs on Linux on x86-64 for now, not ${process.platform}-${process.arch}.`,
    );
  }
  await step("Debian packages", () => debianPackages(root));
  await step("npm packages", npmPackages);
  await step("web console", webConsole);
  await step("Rust", () => rustToolchain(root));
  await step("guest agent", guestAgent);
  await step("guest image", guestImage);
  await step("Go", goTests);
  say(`ready (${inSeconds(performance.now() - startedAt)})`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exitCode = 1;
}
