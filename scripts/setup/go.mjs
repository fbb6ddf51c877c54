/**
 * Go, for the tests that drive the daemon with Slicer's own Go SDK. Nothing else needs it, so set-up
 * says what is missing and goes on.
 */

import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

/** what the go.mod of Slicer's SDK asks for */
const OLDEST_GO = [1, 25];
const FETCH_TIMEOUT_MS = 120_000;

/** where these tests are, relative to the checkout */
export const GO_TESTS = "e2e/go-sdk";

/** PATH with the usual place of Go's own packages behind what the machine prefers. */
export function pathWithGo() {
  return [process.env["PATH"], "/usr/local/go/bin"].join(delimiter);
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 */
function go(root, args) {
  const env = { ...process.env, PATH: pathWithGo() };
  const cwd = join(root, GO_TESTS);
  return spawnSync("go", args, { cwd, env, encoding: "utf8", timeout: FETCH_TIMEOUT_MS });
}

/** @param {string} text "go version go1.26.8 linux/amd64" */
export function isNewEnoughGo(text) {
  const [, major, minor] = /\bgo(\d+)\.(\d+)/.exec(text) ?? [];
  const [wantMajor = 0, wantMinor = 0] = OLDEST_GO;
  return Number(major) > wantMajor || (Number(major) === wantMajor && Number(minor) >= wantMinor);
}

/**
 * Sees to it that the Go tests can run: a Go new enough, and the modules in its cache.
 * @param {string} root
 * @returns {string | undefined} why they cannot, and what to do
 */
export function whyNoGoTests(root) {
  const { stdout, stderr, error } = go(root, ["version"]);
  if (error || !isNewEnoughGo(stdout)) {
    const here = error ? "none" : stdout.trim() || stderr.trim();
    return (
      `Slicer's Go SDK needs Go ${OLDEST_GO.join(".")} or newer, this machine has ${here}. ` +
      "Get one from https://go.dev/dl (no root is needed) and put it on PATH."
    );
  }
  const fetched = go(root, ["mod", "download"]);
  if (fetched.status === 0) return undefined;
  const words = (fetched.stderr || String(fetched.error ?? "")).trim().split("\n").at(-1);
  return (
    `Slicer's Go SDK could not be fetched (${words}). ` +
    "Check the network and `go env GOPROXY`, then run npm run setup."
  );
}
