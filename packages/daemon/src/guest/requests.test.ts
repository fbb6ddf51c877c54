/** The requests that have golden bytes are written exactly so. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fixtures from "../../../../guest/protocol/fixtures/frames.json" with { type: "json" };
import type { GuestExec } from "#core/ports/guest-link.ts";

import {
  backgroundRequest,
  backgroundStartRequest,
  forwardRequest,
  makeDirectoryRequest,
  readDirectoryRequest,
  removeRequest,
  type Request,
  statRequest,
  watchRequest,
} from "./requests.ts";

const user = "default";
const ID = "ex_5f3c2b1a000000000001";

const requests: readonly (readonly [name: string, request: Request])[] = [
  ["open-forward-tcp", forwardRequest({ kind: "tcp", host: "::1", port: 8080 })],
  ["open-forward-unix", forwardRequest({ kind: "unix", path: "/run/docker.sock" })],
  ["open-stat", statRequest({ path: "~/ü", user })],
  ["open-readdir", readDirectoryRequest({ path: "/etc", user: { uid: 0, gid: undefined } })],
  [
    "open-mkdir",
    makeDirectoryRequest({ path: "a/b", user: owner(), recursive: true, mode: 0o1777 }),
  ],
  ["open-remove", removeRequest({ path: "/tmp/x", user, recursive: false })],
  [
    "open-background-start",
    backgroundStartRequest(sleeper(), { ringBytes: 65_536, note: "base64" }),
  ],
  ["open-background-list", backgroundRequest("list", { id: undefined })],
  ["open-background-logs", backgroundRequest("logs", { id: ID, fromId: 3, follow: true })],
  ["open-background-kill", backgroundRequest("kill", { id: ID, signal: "TERM", graceMs: 5000 })],
  ["open-background-wait", backgroundRequest("wait", { id: ID })],
  ["open-background-reap", backgroundRequest("reap", { id: ID })],
  [
    "open-watch",
    watchRequest({
      paths: ["~/x"],
      patterns: ["*.txt"],
      types: ["create", "write"],
      recursive: true,
      user: { uid: 1000, gid: undefined },
      debounceMs: 200,
    }),
  ],
];

for (const [name, request] of requests) {
  test(`${name} is written as its golden bytes say`, () => {
    const golden = fixtures.frames.find((frame) => frame.name === name);
    const written = Buffer.from(JSON.stringify(request)).toString("hex");
    assert.equal(written, golden?.payloadHex);
  });
}

function sleeper(): GuestExec {
  return {
    program: { kind: "argv", argv: ["sleep", "600"] },
    env: ["A=1"],
    cwd: "~",
    user,
    stdin: false,
    stdout: true,
    stderr: true,
    pty: undefined,
  };
}

function owner() {
  return { uid: 1000, gid: 100 };
}
