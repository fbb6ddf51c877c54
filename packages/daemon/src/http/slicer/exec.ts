/** Commands in a guest, streamed or buffered. Contract A13. */

import { Readable } from "node:stream";

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "typebox";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import { startInBackground } from "#core/exec/background.ts";
import { agentOf } from "#core/exec/guest-work.ts";
import { runToEnd } from "#core/exec/run.ts";
import type { BackgroundStart } from "#core/ports/guest-background.ts";
import type { GuestExec, GuestProcess, GuestProgram } from "#core/ports/guest-link.ts";

import { piecesOf, streamedBodies } from "../bodies.ts";
import { clientLeft, whenLeft } from "../client-left.ts";
import {
  encoder,
  execFrames,
  failureOf,
  startFailureFrame,
  type Stdio,
  stdioOf,
} from "./exec-frames.ts";
import type { SlicerParts } from "./parts.ts";
import { flag, listOf, Many, One, userOf } from "./query.ts";

const Query = Type.Object({
  cmd: One,
  args: Many,
  uid: One,
  gid: One,
  cwd: One,
  shell: One,
  stdin: One,
  stdout: One,
  stderr: One,
  env: Many,
  stdio: One,
  buffered: One,
  background: One,
  ring_bytes: One,
});
type Query = Static<typeof Query>;

const now = () => new Date();

export const exec: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  streamedBodies(app);
  const route = {
    schema: { params: Type.Object({ hostname: Type.String() }), querystring: Query },
    config: { access: "vm:use" },
  } as const;
  app.post("/vm/:hostname/exec", route, async (request, reply) => {
    const { query, params } = request;
    const vm = vms.get(params.hostname);
    const command = commandOf(query);
    const stdio = stdioOf(query.stdio);
    const left = clientLeft(request, reply);
    if (flag("background", query.background)) {
      const keep = { ringBytes: ringBytesOf(query.ring_bytes), note: stdio };
      const start = await startInBackground(vm, { program: command, keep }, left);
      return reply.code(201).send(startOf(start));
    }
    const agent = await agentOf(vm, left);
    const started = await startOrFailure(agent.exec(command, left));
    if (flag("buffered", query.buffered)) return bufferedAnswer(started, stdio, left);
    reply.type("application/x-ndjson");
    // As bytes: to text, Fastify would add a charset.
    if ("failure" in started) return Buffer.from(startFailureFrame(started.failure, now()));
    whenLeft(left, () => started.process.cancel());
    if (command.stdin) feed(started.process, piecesOf(request.raw), left);
    return reply.send(
      Readable.from(execFrames(started.process, stdio, now), { objectMode: false }),
    );
  });
};

/** What cannot be started is an answer about the command, not about the API. */
async function startOrFailure(
  starting: Promise<GuestProcess>,
): Promise<{ process: GuestProcess } | { failure: AlcoveError }> {
  try {
    return { process: await starting };
  } catch (error) {
    if (AlcoveError.is(error, "guest_refused")) return { failure: error };
    throw error;
  }
}

async function bufferedAnswer(
  started: Awaited<ReturnType<typeof startOrFailure>>,
  stdio: Stdio,
  left: AbortSignal,
): Promise<object> {
  const encoding = stdio === "base64" ? { encoding: "base64" } : {};
  if ("failure" in started) {
    return { stdout: "", stderr: "", ...failureOf(started.failure), ...encoding };
  }
  const { stdout, stderr, end } = await runToEnd(started.process, left);
  const text = (bytes: Uint8Array) => {
    const it = encoder(stdio);
    return it.write(bytes) + it.end();
  };
  const signal = end.signal === undefined ? {} : { signal: end.signal };
  const exit_code = end.exitCode;
  const { pid } = started.process;
  return { stdout: text(stdout), stderr: text(stderr), exit_code, pid, ...signal, ...encoding };
}

/** Streams the request's body into the process while its output streams back. */
function feed(process: GuestProcess, body: AsyncIterable<Buffer>, left: AbortSignal): void {
  const pump = async () => {
    for await (const chunk of body) await process.write(chunk, left);
    process.endInput();
  };
  // A body that breaks off means that the client left: the command goes with it, and so does the answer.
  pump().catch(() => process.cancel());
}

function commandOf(query: Query): GuestExec {
  const { cmd } = query;
  if (cmd === undefined || cmd === "") throw invalidRequest("cmd", "is required");
  const stdin = flag("stdin", query.stdin);
  const buffered = flag("buffered", query.buffered);
  const background = flag("background", query.background);
  if (stdin && buffered) throw invalidRequest("stdin", "cannot be used with buffered");
  if (stdin && background) throw invalidRequest("stdin", "cannot be used with background");
  if (buffered && background) throw invalidRequest("buffered", "cannot be used with background");
  return {
    program: programOf(cmd, query, background),
    env: environmentOf(query),
    cwd: query.cwd || undefined,
    user: userOf(query, background ? "default" : "root"),
    stdin,
    stdout: flag("stdout", query.stdout, "true"),
    stderr: flag("stderr", query.stderr, "true"),
    pty: undefined,
  };
}

/**
 * Slicer's default is a shell, its SDKs send an argument list without one: with
 * arguments, or with an empty `shell`, nothing is interpreted again, and in the background never
 * without a shell. Contract A13.2, B8.
 */
function programOf(cmd: string, query: Query, background: boolean): GuestProgram {
  const args = listOf(query.args);
  if (query.shell) return { kind: "shell", shell: query.shell, command: cmd, args };
  if (query.shell === "" || args.length > 0 || background)
    return { kind: "argv", argv: [cmd, ...args] };
  return { kind: "auto", command: cmd };
}

function startOf({ id, pid, startedAt, ringBytes }: BackgroundStart): object {
  return { exec_id: id, pid, started_at: startedAt, ring_bytes: ringBytes };
}

/** @returns `undefined` for the default: 0 and absent */
function ringBytesOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalidRequest("ring_bytes", `"${text}" is no size in bytes`);
  return Number(text) || undefined;
}

function environmentOf(query: Query): readonly string[] {
  const env = listOf(query.env);
  const wrong = env.find((entry) => !/^[^=\0]+=[^\0]*$/.test(entry));
  if (wrong !== undefined) throw invalidRequest("env", `"${wrong}" is not KEY=VALUE`);
  return env;
}
