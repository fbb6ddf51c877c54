/** A fake guest's files and connections, asked for through its link. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { GuestFailureCode } from "#core/ports/guest-link.ts";

import { FakeFiles } from "./fake-files.ts";
import { connect } from "./fake-connection.ts";
import { makeDirectory, readDirectory, remove, stat } from "./fake-directories.ts";

const never = new AbortController().signal;
const user = "default";
const refused = (reason: GuestFailureCode) => ({ details: { reason } });

test("directories are made, listed and removed with the agent's refusals", () => {
  const files = new FakeFiles();
  const deep = { path: "/srv/a/b", user, mode: 0o700 } as const;
  assert.throws(() => makeDirectory(files, { ...deep, recursive: false }), refused("not_found"));
  makeDirectory(files, { ...deep, recursive: true });
  makeDirectory(files, { ...deep, recursive: true });
  assert.throws(() => makeDirectory(files, { ...deep, recursive: false }), refused("exists"));
  files.write("/srv/a/file", Buffer.from("1234"), 0o600);

  const found = readDirectory(files, { path: "/srv/a", user });
  assert.deepEqual(
    found.map(({ name, type, sizeBytes, mode }) => ({ name, type, sizeBytes, mode })),
    [
      { name: "b", type: "directory", sizeBytes: 0, mode: 0o700 },
      { name: "file", type: "file", sizeBytes: 4, mode: 0o600 },
    ],
  );
  assert.throws(
    () => readDirectory(files, { path: "/srv/a/file", user }),
    refused("not_directory"),
  );
  assert.throws(
    () => remove(files, { path: "/srv", user, recursive: false }),
    refused("bad_request"),
  );
  remove(files, { path: "/srv", user, recursive: true });
  assert.throws(() => stat(files, { path: "/srv/a/b", user }), refused("not_found"));
  assert.equal(files.usedBytes, 0);
  assert.throws(() => remove(files, { path: "/", user, recursive: true }), refused("bad_request"));
  assert.equal(stat(files, { path: "/", user }).name, "/");
});

test("the echo service answers on its port, and nobody on another", async () => {
  const echo = connect({ kind: "tcp", host: "localhost", port: 7 }, never);
  await echo.write(Buffer.from("hello"), never);
  echo.endInput();
  const parts = await Array.fromAsync(echo.output);
  assert.equal(Buffer.concat(parts).toString(), "hello");
  assert.deepEqual(await echo.ended, { sentBytes: 5, receivedBytes: 5 });
  assert.throws(() => connect({ kind: "tcp", host: "localhost", port: 80 }, never), refused("io"));
  assert.throws(() => connect({ kind: "unix", path: "/s" }, never), refused("not_found"));
});

test("an echo that is cancelled, or whose session ends, has no good end", async () => {
  const cancelled = connect({ kind: "tcp", host: "::1", port: 7 }, never);
  cancelled.cancel();
  await assert.rejects(cancelled.ended, refused("cancelled"));
  const session = new AbortController();
  const lost = connect({ kind: "tcp", host: "::1", port: 7 }, session.signal);
  session.abort(new Error("gone"));
  await assert.rejects(Array.fromAsync(lost.output), /gone/);
  await assert.rejects(lost.ended, /gone/);
});
