/**
 * Fetches what only tests need, after `setup.mjs`. What cannot be had is said; the tests that need it are skipped
 * then, which continuous integration does not allow.
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError, say, step } from "./setup/progress.mjs";
import { pythonClient, sevctl, testPackages } from "./setup/test-tools.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stateDir = process.env["ALCOVE_STATE_DIR"] ?? join(root, ".alcove");

try {
  await step("Debian packages for tests", () => testPackages(root));
  await step("Aleph's Python client", () => pythonClient(root, stateDir));
  await step("sevctl", () => sevctl(root, stateDir));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  if (process.env["ALCOVE_REQUIRE_E2E"] === "1") process.exitCode = 1;
}
