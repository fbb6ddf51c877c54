/**
 * Whether whole-system tests with real machines can run here: the one place that decides it.
 *
 * With ALCOVE_REQUIRE_E2E=1 (continuous integration) a reason to skip is a failure.
 */

import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";

export const ROOT = path.join(import.meta.dirname, "../..");

/** where the set-up put things: the checkout's own state, unless the environment says otherwise */
export const STATE = process.env["ALCOVE_STATE_DIR"] ?? path.join(ROOT, ".alcove");

/** images among them */
export const IMAGES = path.join(STATE, "images");

const QEMU = "qemu-system-x86_64";

/** why these tests cannot run here, or `false` when they can */
export const cannotRun: string | false = decide();

function decide(): string | false {
  const reason = missing();
  if (reason === undefined) return false;
  if (process.env["ALCOVE_REQUIRE_E2E"] === "1") {
    throw new Error(`ALCOVE_REQUIRE_E2E is set, but real machines cannot run here: ${reason}`);
  }
  return reason;
}

function missing(): string | undefined {
  if (!onPath(QEMU)) return `${QEMU} is not installed; npm run setup installs it`;
  if (!existsSync(path.join(IMAGES, "names/base"))) {
    return `the guest image "base" is not in ${IMAGES}; npm run setup builds it`;
  }
  return undefined;
}

function onPath(program: string): boolean {
  const directories = (process.env["PATH"] ?? "").split(path.delimiter);
  return directories.some((directory) => isExecutable(path.join(directory, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // missing, or not ours to run: the next directory may have it
  }
}
