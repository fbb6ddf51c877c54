/** The steps that change the machine: Debian packages, and a Rust toolchain when there is none. */

import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { DEBIAN_PACKAGES, DEBIAN_PACKAGES_FOR_TESTS } from "./debian-packages.mjs";
import { SetupError, longCommand } from "./progress.mjs";

/** the oldest cargo that understands the agent's lock file and edition */
const OLDEST_CARGO = [1, 75];

/** @param {readonly string[]} names */
function missingOf(names) {
  const query = ["-W", "-f", "${Package} ${db:Status-Status}\\n", ...names];
  const { stdout, error } = spawnSync("dpkg-query", query, { encoding: "utf8" });
  if (error) throw new SetupError(notDebian(names));
  const installed = new Set(
    stdout
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** @param {readonly string[]} names */
function notDebian(names) {
  return [
    "This machine has no dpkg-query, so it is not Debian or Ubuntu.",
    `Install what corresponds to these packages by hand: ${names.join(" ")}`,
    "and run set-up again with SETUP_SKIP_DEBIAN=1.",
  ].join("\n");
}

/**
 * @param {string} root
 * @param {readonly string[]} names
 */
async function install(root, names) {
  const command = `apt-get update && apt-get install -y --no-install-recommends ${names.join(" ")}`;
  if (process.getuid?.() !== 0) {
    const all = [...DEBIAN_PACKAGES, ...DEBIAN_PACKAGES_FOR_TESTS];
    const list = all.filter(({ name }) => names.includes(name));
    const reasons = list.map(({ name, reason }) => `  ${name}: ${reason}`).join("\n");
    throw new SetupError(
      `Debian packages are missing and only root may install them:\n${reasons}\n` +
        `Run this, then try again:\n\n  sudo sh -c '${command}'`,
    );
  }
  const advice =
    "apt-get needs a package mirror: check the network and /etc/apt, " +
    `then try again or run by hand:\n\n  ${command}`;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = ["-q", "-o", "DPkg::Lock::Timeout=300"];
  const update = [...apt, "-o", "APT::Update::Error-Mode=any", "update"];
  await longCommand(
    { title: "fetching Debian's package lists", file: "apt-get", args: update, cwd: root, env },
    advice,
  );
  const args = [...apt, "install", "-y", "--no-install-recommends", ...names];
  const title = `installing ${names.length} Debian packages (${names.join(" ")})`;
  await longCommand({ title, file: "apt-get", args, cwd: root, env }, advice);
}

/** @param {string} root */
export async function debianPackages(root) {
  return packages(root, DEBIAN_PACKAGES);
}

/** @param {string} root */
export async function debianPackagesForTests(root) {
  return packages(root, DEBIAN_PACKAGES_FOR_TESTS);
}

/**
 * @param {string} root
 * @param {readonly {readonly name: string}[]} list
 */
async function packages(root, list) {
  if (process.env["SETUP_SKIP_DEBIAN"] === "1") return "skipped, as SETUP_SKIP_DEBIAN=1 asks";
  const missing = missingOf(list.map(({ name }) => name));
  if (missing.length === 0) return undefined;
  await install(root, missing);
  return `installed ${missing.length}`;
}

/** PATH with rustup's usual place behind what the machine prefers. */
export function pathWithCargo() {
  return [process.env["PATH"], join(homedir(), ".cargo/bin")].join(delimiter);
}

/** @param {string} text "cargo 1.95.0 (…)" or a Debian version "0.66.0+ds1-1" */
function isNewEnough(text) {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? [];
  const [wantMajor = 0, wantMinor = 0] = OLDEST_CARGO;
  return Number(major) > wantMajor || (Number(major) === wantMajor && Number(minor) >= wantMinor);
}

function cargoHere() {
  const env = { ...process.env, PATH: pathWithCargo() };
  const { stdout, status } = spawnSync("cargo", ["--version"], { encoding: "utf8", env });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * A cargo new enough to build the agent: the machine's own, else Debian's where Debian has one.
 * @param {string} root
 */
export async function rustToolchain(root) {
  const here = cargoHere();
  if (here !== undefined && isNewEnough(here)) return `already there, ${here}`;
  const policy = spawnSync("apt-cache", ["policy", "cargo"], { encoding: "utf8" });
  const candidate = /Candidate: (\S+)/.exec(policy.stdout ?? "")?.[1] ?? "(none)";
  if (here === undefined && isNewEnough(candidate)) {
    await install(root, ["cargo"]);
    return `installed Debian's cargo ${candidate}`;
  }
  throw new SetupError(
    [
      `The guest agent needs Rust: cargo ${OLDEST_CARGO.join(".")} or newer.`,
      `This machine has ${here ?? "none"}; Debian offers ${candidate}.`,
      "Get one with rustup (https://rustup.rs), it needs no root; then try again.",
    ].join("\n"),
  );
}
