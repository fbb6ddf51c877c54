/**
 * Connections and files in a real machine, over its virtio-serial port.
 *
 * The server inside is a second agent on a Unix socket: what is forwarded is a whole session, with
 * its own credit inside that of the stream. The small image has no other server, so TCP is only
 * refused here; `agent-socket.e2e.ts` has its stories.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";

import type { GuestConnection } from "../packages/daemon/src/core/ports/guest-connection.ts";
import type { GuestLink } from "../packages/daemon/src/core/ports/guest-link.ts";
import { AgentDialer } from "../packages/daemon/src/guest/agent-dialer.ts";
import { dial, freshPlan, open } from "./parts/qemu-machines.ts";

const never = new AbortController().signal;
const MIB = 1024 * 1024;
const user = { uid: 0, gid: undefined };
const INNER = "/run/inner.sock";

test("a session with a second agent inside goes through a forwarded connection", async (t) => {
  await using machine = await open().boot(await freshPlan(), never);
  await using link = await dial(machine);
  const server = await start(link, ["/usr/sbin/alcove-agent", "serve", "--socket", INNER]);
  await listened(link);

  const connection = await link.forward({ kind: "unix", path: INNER }, never);
  await using door = await doorTo(connection);
  const dialer = new AgentDialer({ clock: { now: () => new Date() } });
  await using inner = await dialer.dial(door.path, AbortSignal.timeout(10_000));
  assert.equal((await inner.health(never)).bootId, link.agent.bootId);

  const startedAt = performance.now();
  const flood = await start(inner, ["head", "-c", String(32 * MIB), "/dev/zero"]);
  let bytes = 0;
  for await (const piece of flood.output) bytes += piece.bytes.length;
  assert.equal(bytes, 32 * MIB);
  const seconds = (performance.now() - startedAt) / 1000;
  t.diagnostic(`through two agents: ${(32 / seconds).toFixed(0)} MiB/s`);

  server.cancel();
  await inner.closed;
  const tcp = link.forward({ kind: "tcp", host: "localhost", port: 9 }, never);
  await assert.rejects(tcp, { details: { reason: "io" } });
});

test("files of the default user are made, listed and removed", async () => {
  await using machine = await open().boot(await freshPlan(), never);
  await using link = await dial(machine);

  await link.makeDirectory({ ...at("~/a/b"), recursive: true, mode: 0o700 }, never);

  const found = await Array.fromAsync(await link.readDirectory(at("~/a"), never));
  assert.partialDeepStrictEqual(found, [{ name: "b", type: "directory", mode: 0o700 }]);
  await link.remove({ ...at("~/a"), recursive: true }, never);
  await assert.rejects(link.stat(at("~/a"), never), { details: { reason: "not_found" } });
});

test("the root is not removed, by none of its names", async () => {
  await using machine = await open().boot(await freshPlan(), never);
  await using link = await dial(machine);
  const bind = "mkdir /mnt/twin && mount --bind / /mnt/twin";
  const mounted = await start(link, ["sh", "-c", bind]);
  assert.equal((await mounted.ended).exitCode, 0);

  for (const name of ["/", "//", "/mnt/..", "/mnt/twin", "/mnt"]) {
    const removal = link.remove({ ...at(name), recursive: true }, never);
    await assert.rejects(removal, { details: { reason: "bad_request" } }, name);
  }

  assert.equal((await link.stat(at("/etc/passwd"), never)).type, "file");
});

function at(name: string) {
  return { path: name, user: "default" } as const;
}

function start(link: GuestLink, argv: readonly string[]) {
  const program = { kind: "argv", argv } as const;
  const streams = { stdin: false, stdout: true, stderr: true, pty: undefined };
  return link.exec({ program, env: [], cwd: "/", user, ...streams }, never);
}

/** Waits until the inner agent has its socket; the test's time limit is the patience. */
async function listened(link: GuestLink): Promise<void> {
  for (;;) {
    const found = await Array.fromAsync(await link.readDirectory({ path: "/run", user }, never));
    if (found.some(({ name }) => INNER === `/run/${name}`)) return;
  }
}

/** A Unix socket of this host whose one client talks through the connection. */
async function doorTo(connection: GuestConnection) {
  const directory = await mkdtemp(path.join(tmpdir(), "alcove-door-"));
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const both = Promise.all([
      pipeline(connection.output, socket),
      pipeline(socket, async (source: AsyncIterable<Uint8Array>) => {
        for await (const bytes of source) await connection.write(bytes, never);
        connection.endInput();
      }),
    ]);
    both.catch(() => connection.cancel()); // either side may leave first
  });
  const socketPath = path.join(directory, "door.sock");
  await once(server.listen(socketPath), "listening");
  return {
    path: socketPath,
    [Symbol.asyncDispose]: async () => {
      connection.cancel();
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
