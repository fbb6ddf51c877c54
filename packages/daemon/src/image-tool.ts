/**
 * The image tool's composition root: builds, lists, inspects, imports and removes images.
 *
 * It works with no daemon, so that set-up can run it first. Next to `main.ts` it is the only file
 * that reads the environment and names concrete parts.
 */

import path from "node:path";
import { parseArgs } from "node:util";

import { proxiesIn } from "#config/proxies.ts";
import { AlcoveError } from "#core/errors.ts";
import type { BuildProgress } from "#core/image/progress.ts";
import { LocalImageStore } from "#images/local-image-store.ts";
import { agentVersionIn, sourcesIn } from "#images/make-image.ts";
import { commands, type ToolRequest } from "#images/tool-commands.ts";

const USAGE = `usage: image-tool build base|systemd|kernel-small [--fresh] [--progress] [--json]
       image-tool ls [--json]
       image-tool inspect IMAGE [--verify]
       image-tool import NAME FILE [--kernel debian-cloud|kernel-small] [--root DEVICE] [--keep-format] [--json]
       image-tool rm IMAGE [--json]
       image-tool prune [--json]
`;

/** exit codes; documented for scripts */
const EXIT = { failed: 1, usage: 2, notFound: 3, inUse: 4, interrupted: 130 };

const REPOSITORY = path.resolve(import.meta.dirname, "../../..");

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      progress: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
      verify: { type: "boolean", default: false },
      "keep-format": { type: "boolean", default: false },
      kernel: { type: "string" },
      root: { type: "string" },
    },
  });
  const [name = "", ...words] = positionals;
  const command = commands[name];
  if (!command || words.length !== command.words) {
    process.stderr.write(USAGE);
    return EXIT.usage;
  }
  const stateDir = path.resolve(
    process.env["ALCOVE_STATE_DIR"] ?? path.join(REPOSITORY, ".alcove"),
  );
  const store = await LocalImageStore.open(path.join(stateDir, "images"));
  const report = values.progress ? showProgress(values.json) : () => {};
  const request: ToolRequest = {
    store,
    stateDir,
    words,
    options: { ...values, keepFormat: values["keep-format"] },
    context: {
      root: store.root,
      ...sourcesIn(REPOSITORY),
      downloadEnv: proxiesIn(process.env),
      freshness: values.fresh ? "fresh" : "cached",
      report,
    },
    agentVersion: () => agentVersionIn(REPOSITORY),
    say: (line) => process.stderr.write(`${line}\n`),
  };
  const answer = await command.run(request, interrupted());
  process.stdout.write(values.json ? `${JSON.stringify(answer.value)}\n` : `${answer.text}\n`);
  return 0;
}

/** Aborts at Ctrl-C or SIGTERM; tools run in sessions of their own and are ended by us. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new Interrupted(`interrupted by ${name}`)));
  }
  return controller.signal;
}

class Interrupted extends Error {}

/** One line a step and detail on stderr: text for people, or JSON for the program that shows it. */
function showProgress(json: boolean): (progress: BuildProgress) => void {
  return (progress) => {
    process.stderr.write(`${json ? JSON.stringify({ progress }) : lineOf(progress)}\n`);
  };
}

function lineOf({ step, detail, fraction }: BuildProgress): string {
  const percent = fraction === undefined ? "" : ` ${Math.round(fraction * 100)} %`;
  return `${step}${percent}${detail === undefined ? "" : `: ${detail}`}`;
}

function exitCodeOf(error: unknown): number {
  if (AlcoveError.is(error, "invalid_request")) return EXIT.usage;
  if (AlcoveError.is(error, "image_not_found")) return EXIT.notFound;
  if (AlcoveError.is(error, "image_in_use")) return EXIT.inUse;
  return error instanceof Interrupted ? EXIT.interrupted : EXIT.failed;
}

/** What a person can act on is shown as a sentence; anything else with its stack. */
function explain(error: unknown): string {
  if (error instanceof AlcoveError || error instanceof Interrupted) return error.message;
  if (error instanceof TypeError && "code" in error) return `${error.message}\n${USAGE}`; // parseArgs
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const failure =
    error instanceof AlcoveError
      ? { code: error.code, message: error.message, details: error.details }
      : undefined;
  const asJson = process.argv.includes("--json") && failure !== undefined;
  process.stderr.write(
    asJson ? `${JSON.stringify({ error: failure })}\n` : `image-tool: ${explain(error)}\n`,
  );
  process.exitCode = exitCodeOf(error);
}
