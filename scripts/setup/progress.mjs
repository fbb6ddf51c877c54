/** How a set-up step runs and speaks: one line when it begins, one when it ended, words when it failed. */

import { spawn } from "node:child_process";

const TICK_MS = 15_000;
/** what is kept of a command's output, to show its end if it fails */
const OUTPUT_LIMIT_BYTES = 256 * 1024;
const SHOWN_LINES = 30;
const SHOWN_COLUMNS = 100;

/** A failure that the user can act on: `message` says what happened and what to do. */
export class SetupError extends Error {}

/** @param {number} tookMs */
export function inSeconds(tookMs) {
  return `${(tookMs / 1000).toFixed(tookMs < 10_000 ? 2 : 1)} s`;
}

/** @param {string} line */
export function say(line) {
  process.stdout.write(`setup: ${line}\n`);
}

/**
 * Runs one step. `work` returns what it did in a few words, or undefined when all was there.
 * @param {string} title
 * @param {() => Promise<string | undefined>} work
 */
export async function step(title, work) {
  const startedAt = performance.now();
  const did = await work();
  say(`${title}: ${did ?? "already there"} (${inSeconds(performance.now() - startedAt)})`);
}

/**
 * Runs a command that may take long: says that it began, and every 15 seconds that it goes on.
 * @param {{ title: string, file: string, args: string[], cwd: string, env?: NodeJS.ProcessEnv }} command
 * @param {string} advice what to do when it fails
 * @returns {Promise<string>} the end of what it wrote
 */
export async function longCommand({ title, file, args, cwd, env }, advice) {
  say(`${title} …`);
  const startedAt = performance.now();
  let output = "";
  const keep = (/** @type {Buffer} */ chunk) => {
    output = (output + chunk.toString("utf8")).slice(-OUTPUT_LIMIT_BYTES);
  };
  const child = spawn(file, args, {
    cwd,
    env: env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ticker = setInterval(() => {
    const last = lines(output).at(-1) ?? "";
    say(`  … ${inSeconds(performance.now() - startedAt)} ${last.slice(0, SHOWN_COLUMNS)}`);
  }, TICK_MS);
  const code = await new Promise((resolve) => {
    child.on("error", (error) => {
      keep(Buffer.from(`${error.message}\n`));
      resolve(127);
    });
    child.on("close", (status, signal) => resolve(status ?? signal));
  });
  clearInterval(ticker);
  if (code === 0) return output;
  const tail = lines(output).slice(-SHOWN_LINES).join("\n");
  throw new SetupError(`${title} failed (${code}).\n${tail}\n\n${advice}`);
}

/**
 * The printable lines of a command's output.
 * @param {string} output
 */
function lines(output) {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const plain = output.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f]/g, "");
  return plain.split("\n").filter((line) => line.trim() !== "");
}
