/**
 * The daemon's end of the guest protocol against the real agent, which serves a Unix socket on this
 * host instead of a port in a VM.
 *
 * It cannot see what a virtio-serial port does, and asks for nothing that would change this host
 * (configure, power).
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";

import { AlcoveError } from "../packages/daemon/src/core/errors.ts";
import {
  type GuestCopyIn,
  type GuestExec,
  type GuestLink,
  type GuestProcess,
  SessionLost,
} from "../packages/daemon/src/core/ports/guest-link.ts";
import { AgentDialer } from "../packages/daemon/src/guest/agent-dialer.ts";

const never = new AbortController().signal;
const MIB = 1024 * 1024;
const AGENT = path.join(
  import.meta.dirname,
  "../guest/target/x86_64-unknown-linux-gnu/release/alcove-agent",
);

const me = { uid: process.getuid?.() ?? 0, gid: undefined };
const here = { kind: "tcp", host: "127.0.0.1" } as const;
const quiet: Omit<GuestExec, "program"> = {
  env: [],
  cwd: "/",
  user: me,
  stdin: false,
  stdout: true,
  stderr: true,
  pty: undefined,
};

describe("the real agent", { timeout: 120_000 }, () => {
  test("says what it is and how the guest fares", async () => {
    await using agent = await connected();
    assert.ok(agent.link.agent.features.includes("exec"));
    const health = await agent.link.health(never);
    assert.equal(health.bootId, agent.link.agent.bootId);
    const stats = await agent.link.stats(never);
    assert.ok(stats.totalMemory > stats.memoryAvailable);
    assert.ok(Math.abs(stats.takenAt.getTime() - Date.now()) < 60_000);
  });

  test("exec: exit codes, signals, both outputs, the environment", async () => {
    await using agent = await connected();
    assert.deepEqual(await run(agent.link, ["true"]), { out: "", err: "", exitCode: 0 });
    assert.equal((await run(agent.link, ["false"])).exitCode, 1);
    const story = "echo out; echo err >&2; exit 7";
    assert.deepEqual(await run(agent.link, ["sh", "-c", story]), {
      out: "out\n",
      err: "err\n",
      exitCode: 7,
    });
    const env = ["A=1", "A=2"];
    assert.equal((await run(agent.link, ["sh", "-c", "echo $A"], { env })).out, "2\n");
    assert.equal((await run(agent.link, ["sh", "-c", "kill -TERM $$"])).exitCode, 143);
  });

  test("exec: what cannot be started is refused with its reason", async () => {
    await using agent = await connected();
    assert.equal(await refusal(run(agent.link, ["no-such-program"])), "not_found");
    assert.equal(await refusal(run(agent.link, ["/etc/passwd"])), "not_executable");
    assert.equal(await refusal(run(agent.link, ["true"], { cwd: "/nowhere" })), "not_found");
  });

  test("exec: a short command takes milliseconds", async (t) => {
    await using agent = await connected();
    const times: number[] = [];
    for (let turn = 0; turn < 50; turn += 1) {
      const startedAt = performance.now();
      await run(agent.link, ["/bin/true"]);
      times.push(performance.now() - startedAt);
    }
    times.sort((a, b) => a - b);
    t.diagnostic(
      `exec /bin/true: median ${times[25]?.toFixed(2)} ms, worst ${times[49]?.toFixed(2)} ms`,
    );
  });

  test("exec: much output comes whole", async (t) => {
    await using agent = await connected();
    const startedAt = performance.now();
    const process = await start(agent.link, ["head", "-c", String(256 * MIB), "/dev/zero"]);
    let bytes = 0;
    for await (const piece of process.output) bytes += piece.bytes.length;
    assert.deepEqual(await process.ended, { exitCode: 0, signal: undefined });
    assert.equal(bytes, 256 * MIB);
    speak(t, "exec output", bytes, startedAt);
  });

  test("exec: input and output at once, more than any window, come back the same", async (t) => {
    await using agent = await connected();
    const sent = randomBytes(32 * MIB);
    const startedAt = performance.now();
    const process = await start(agent.link, ["cat"], { stdin: true });
    const [received] = await Promise.all([outputOf(process), feed(process, sent)]);
    assert.ok(received.out.equals(sent));
    assert.equal((await process.ended).exitCode, 0);
    speak(t, "through cat", sent.length, startedAt);
  });

  test("exec: a child that does not read its input does not hold up the caller", async () => {
    await using agent = await connected();
    const process = await start(agent.link, ["true"], { stdin: true });
    await process.write(Buffer.alloc(8 * MIB), never);
    process.endInput();
    assert.equal((await process.ended).exitCode, 0);
  });

  test("exec: cancelling kills the whole group; signals reach it", async () => {
    await using agent = await connected();
    const process = await start(agent.link, ["sh", "-c", "sleep 1000 & wait"]);
    process.cancel();
    assert.equal(await refusal(process.ended), "cancelled");
    await groupGone(process.pid);

    const other = await start(agent.link, ["sleep", "1000"]);
    other.kill("INT");
    assert.deepEqual(await other.ended, { exitCode: 130, signal: "INT" });
  });

  test("exec: many at once, some of them unread, do not disturb each other", async () => {
    await using agent = await connected();
    const unread = await start(agent.link, ["yes"]);
    const all = Array.from({ length: 40 }, (_, turn) => run(agent.link, ["echo", String(turn)]));
    const said = (await Promise.all(all)).map(({ out }) => out.trim());
    assert.deepEqual(
      said,
      Array.from({ length: 40 }, (_, turn) => String(turn)),
    );
    unread.cancel();
    assert.equal(await refusal(unread.ended), "cancelled");
  });

  test("exec: a terminal has a size, and another after a resize", async () => {
    await using agent = await connected();
    const story = 'stty size; read answer; stty size; echo "got $answer"; test -t 0';
    const program = { kind: "argv", argv: ["sh", "-c", story] } as const;
    const pty = { cols: 80, rows: 24 };
    const process = await agent.link.exec({ ...quiet, program, stdin: true, pty }, never);
    let out = "";
    for await (const { bytes } of process.output) {
      out += text(bytes);
      if (!out.endsWith("24 80\r\n")) continue;
      process.resize({ cols: 100, rows: 30 });
      await process.write(Buffer.from("yes\n"), never);
    }
    assert.equal(out, "24 80\r\nyes\r\n30 100\r\ngot yes\r\n");
    assert.equal((await process.ended).exitCode, 0);
  });

  test("copy: 64 MiB in and out again are the same", async (t) => {
    await using agent = await connected();
    const bytes = randomBytes(64 * MIB);
    const original = path.join(agent.directory, "original");
    const copy = path.join(agent.directory, "copy");
    await writeFile(original, bytes);

    let startedAt = performance.now();
    const content = createReadStream(original, { highWaterMark: 256 * 1024 });
    const copied = await agent.link.copyIn(into(copy), content, never);
    speak(t, "copy in", bytes.length, startedAt);
    assert.deepEqual(copied, {
      path: copy,
      bytes: bytes.length,
      files: 1,
      directories: 0,
      skipped: 0,
    });
    assert.ok((await readFile(copy)).equals(bytes));

    startedAt = performance.now();
    const from = { path: copy, format: "any", user: me, exclude: [] } as const;
    const source = await agent.link.copyOut(from, never);
    const parts = await Array.fromAsync(source.content);
    speak(t, "copy out", bytes.length, startedAt);
    assert.equal(source.sizeBytes, bytes.length);
    assert.ok(Buffer.concat(parts).equals(bytes));
  });

  test("copy: a directory comes out as a tar and goes in again", async () => {
    await using agent = await connected();
    const [from, to] = ["tree", "twin"].map((name) => path.join(agent.directory, name));
    assert.ok(from && to);
    const make = `mkdir -p ${from}/a/b && echo one > ${from}/a/b/one && echo two > ${from}/two && chmod 600 ${from}/two`;
    assert.equal((await run(agent.link, ["sh", "-c", make])).exitCode, 0);
    const taken = { path: from, format: "tar", user: me, exclude: [] } as const;
    const source = await agent.link.copyOut(taken, never);
    assert.equal(source.type, "directory");
    const copied = await agent.link.copyIn({ ...into(to), format: "tar" }, source.content, never);
    assert.equal(copied.files, 2);
    assert.deepEqual(await readdir(to, { recursive: true }), ["a", "two", "a/b", "a/b/one"]);
    assert.equal(await readFile(path.join(to, "a/b/one"), "utf8"), "one\n");
    assert.equal((await lstat(path.join(to, "two"))).mode & 0o777, 0o600);
  });

  test("copy: one that is given up leaves no trace, one that cannot be is refused", async () => {
    await using agent = await connected();
    const target = path.join(agent.directory, "target");
    const caller = new AbortController();
    let sent = 0;
    const endless = (async function* () {
      for (;;) {
        yield Buffer.alloc(65_536);
        sent += 1;
        if (sent === 100) caller.abort(new Error("client left"));
      }
    })();
    await assert.rejects(agent.link.copyIn(into(target), endless, caller.signal), /client left/);
    assert.deepEqual(await readdir(agent.directory), ["agent.sock"]);
    const nowhere = { path: "/nowhere", format: "any", user: me, exclude: [] } as const;
    assert.equal(await refusal(agent.link.copyOut(nowhere, never)), "not_found");
    const toDirectory = agent.link.copyIn(into(agent.directory), endless, never);
    assert.equal(await refusal(toDirectory), "is_directory");
  });

  test("forward: 32 MiB through an echo come back the same; each direction ends by itself", async (t) => {
    await using agent = await connected();
    await using echo = await listening((socket) => socket.pipe(socket));
    const startedAt = performance.now();
    const connection = await agent.link.forward({ ...here, port: echo.port }, never);
    const sent = randomBytes(32 * MIB);
    const [parts] = await Promise.all([Array.fromAsync(connection.output), feed(connection, sent)]);
    assert.ok(Buffer.concat(parts).equals(sent));
    const bytes = { sentBytes: sent.length, receivedBytes: sent.length };
    assert.deepEqual(await connection.ended, bytes);
    speak(t, "through an echo", sent.length, startedAt);
  });

  test("forward: a Unix socket, forty at once, and one that nobody reads", async () => {
    await using agent = await connected();
    const unix = path.join(agent.directory, "server.sock");
    await using server = await listening((socket) => socket.pipe(socket), unix);
    await using flood = await listening((socket) => void socket.write(Buffer.alloc(64 * MIB)));
    const unread = await agent.link.forward({ ...here, port: flood.port }, never);
    const through = async (turn: number) => {
      const connection = await agent.link.forward({ kind: "unix", path: server.path }, never);
      await connection.write(Buffer.from(String(turn)), never);
      connection.endInput();
      return Number(Buffer.concat(await Array.fromAsync(connection.output)).toString());
    };
    const turns = Array.from({ length: 40 }, (_, turn) => turn);
    assert.deepEqual(await Promise.all(turns.map(through)), turns);
    unread.cancel();
    assert.equal(await refusal(unread.ended), "cancelled");
  });

  test("forward: what cannot be reached is refused with its reason", async () => {
    await using agent = await connected();
    const port = await freePort();
    assert.equal(await refusal(agent.link.forward({ ...here, port }, never)), "io");
    const nowhere = { kind: "unix", path: "/nowhere" } as const;
    assert.equal(await refusal(agent.link.forward(nowhere, never)), "not_found");
    const named = { kind: "tcp", host: "a-name.invalid", port: 80 } as const;
    assert.equal(await refusal(agent.link.forward(named, never)), "bad_request");
  });

  test("files: made, seen, listed and removed", async () => {
    await using agent = await connected();
    const at = (name: string) => ({ path: path.join(agent.directory, name), user: me });
    await agent.link.makeDirectory({ ...at("a/b"), recursive: true, mode: 0o750 }, never);
    await writeFile(at("a/file").path, "12345");
    await symlink("nowhere", at("a/link").path);
    const link = await agent.link.stat(at("a/link"), never);
    assert.equal(link.type, "symlink");
    const file = await agent.link.stat(at("a/file"), never);
    const made = await lstat(at("a/file").path, { bigint: true });
    const { mtimeNs } = made;
    const mode = Number(made.mode & 0o7777n);
    const owner = { uid: Number(made.uid), gid: Number(made.gid) };
    assert.deepEqual(file, { name: "file", type: "file", sizeBytes: 5, mtimeNs, mode, owner });
    const found = await Array.fromAsync(await agent.link.readDirectory(at("a"), never));
    const kinds = found.map(({ name, type }) => `${name} ${type}`).toSorted();
    assert.deepEqual(kinds, ["b directory", "file file", "link symlink"]);
    assert.equal((await agent.link.stat(at("a/b"), never)).mode, 0o750);

    const removal = { ...at("a"), recursive: false };
    assert.equal(await refusal(agent.link.remove(removal, never)), "bad_request");
    await agent.link.remove({ ...removal, recursive: true }, never);
    assert.equal(await refusal(agent.link.stat(at("a"), never)), "not_found");
    const root = { path: "/", user: me, recursive: false };
    assert.equal(await refusal(agent.link.remove(root, never)), "bad_request");
  });

  test("files: a directory of 100,000 is listed, and removed while others are served", async (t) => {
    await using agent = await connected();
    const many = { path: path.join(agent.directory, "many"), user: me };
    const fill = `mkdir ${many.path} && cd ${many.path} && seq -f entry-%g 100000 | xargs touch`;
    assert.equal((await run(agent.link, ["sh", "-c", fill])).exitCode, 0);
    let startedAt = performance.now();
    const names = new Set<string>();
    for await (const entry of await agent.link.readDirectory(many, never)) names.add(entry.name);
    assert.equal(names.size, 100_000);
    t.diagnostic(`listing: ${(performance.now() - startedAt).toFixed(0)} ms`);

    startedAt = performance.now();
    const removed = agent.link.remove({ ...many, recursive: true }, never);
    assert.equal((await run(agent.link, ["echo", "meanwhile"])).out, "meanwhile\n");
    t.diagnostic(`an exec meanwhile: ${(performance.now() - startedAt).toFixed(0)} ms`);
    await removed;
    t.diagnostic(`removal: ${(performance.now() - startedAt).toFixed(0)} ms`);
    assert.equal(await refusal(agent.link.stat(many, never)), "not_found");
  });

  test("a daemon that dies in the middle of a frame: the next one is understood", async () => {
    await using agent = await connected();
    const process = await start(agent.link, ["sleep", "1000"]);
    await agent.link[Symbol.asyncDispose]();
    await assert.rejects(process.ended, SessionLost);
    await groupGone(process.pid);
    await using again = await dial(agent.socket);
    assert.equal((await run(again, ["echo", "hello"])).out, "hello\n");
  });

  test("an agent that is killed and started again: the session ends, the next one works", async () => {
    await using agent = await connected();
    const process = await start(agent.link, ["sleep", "2"]);
    agent.child.kill("SIGKILL");
    await assert.rejects(process.ended, SessionLost);
    assert.ok((await agent.link.closed) instanceof SessionLost);
    await using parts = new AsyncDisposableStack();
    await rm(agent.socket, { force: true });
    const dialling = dial(agent.socket);
    const child = startAgent(agent.socket);
    parts.defer(() => ended(child));
    await using again = await dialling;
    assert.equal((await run(again, ["echo", "hello"])).out, "hello\n");
  });
});

async function connected() {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), "alcove-agent-"));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const socket = path.join(directory, "agent.sock");
  const child = startAgent(socket);
  parts.defer(() => ended(child));
  const link = parts.use(await dial(socket));
  const owned = parts.move();
  return { directory, socket, child, link, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function startAgent(socket: string): ChildProcess {
  return spawn(AGENT, ["serve", "--socket", socket], { stdio: ["ignore", "ignore", "inherit"] });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

function dial(socket: string): Promise<GuestLink> {
  const dialer = new AgentDialer({ clock: { now: () => new Date() } });
  return dialer.dial(socket, AbortSignal.timeout(5_000));
}

function start(
  link: GuestLink,
  argv: string[],
  more: Partial<GuestExec> = {},
): Promise<GuestProcess> {
  return link.exec({ ...quiet, program: { kind: "argv", argv }, ...more }, never);
}

async function run(link: GuestLink, argv: string[], more: Partial<GuestExec> = {}) {
  const process = await start(link, argv, more);
  const { out, err } = await outputOf(process);
  const { exitCode } = await process.ended;
  return { out: text(out), err: text(err), exitCode };
}

async function outputOf(process: GuestProcess) {
  const parts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, bytes } of process.output) parts[stream].push(bytes);
  return { out: Buffer.concat(parts.stdout), err: Buffer.concat(parts.stderr) };
}

async function feed(
  process: Pick<GuestProcess, "write" | "endInput">,
  bytes: Buffer,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += 100_000) {
    await process.write(bytes.subarray(at, at + 100_000), never);
  }
  process.endInput();
}

/** A server of this host, on a port of its own or a Unix socket. Its connections end with it. */
async function listening(serve: (socket: Socket) => void, unix?: string) {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined); // clients that leave in the middle are part of the tests
    serve(socket);
  });
  await once(server.listen(unix ?? { host: here.host, port: 0 }), "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    port,
    path: unix ?? "",
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), "close");
    },
  };
}

async function freePort(): Promise<number> {
  await using server = await listening(() => undefined);
  return server.port;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(AlcoveError.is(error, "guest_refused"), String(error));
    return error.details.reason;
  }
  throw new Error("it should have been refused");
}

/** Waits until no process of the group is left; the test's time limit is the patience. */
async function groupGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(-pid, 0);
    } catch {
      return; // ESRCH: nobody is left to be asked
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function into(target: string): GuestCopyIn {
  return {
    path: target,
    format: "file",
    user: me,
    mode: undefined,
    placement: { kind: "exact" },
    unpackedSizeBytes: undefined,
  };
}

function speak(t: TestContext, what: string, bytes: number, startedAt: number): void {
  const seconds = (performance.now() - startedAt) / 1000;
  t.diagnostic(`${what}: ${(bytes / MIB / seconds).toFixed(0)} MiB/s`);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
