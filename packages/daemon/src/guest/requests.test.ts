/** The requests that have golden bytes are written exactly so. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fixtures from "../../../../guest/protocol/fixtures/frames.json" with { type: "json" };
import {
  forwardRequest,
  makeDirectoryRequest,
  readDirectoryRequest,
  removeRequest,
  type Request,
  statRequest,
} from "./requests.ts";

const user = "default";

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
];

for (const [name, request] of requests) {
  test(`${name} is written as its golden bytes say`, () => {
    const golden = fixtures.frames.find((frame) => frame.name === name);
    const written = Buffer.from(JSON.stringify(request)).toString("hex");
    assert.equal(written, golden?.payloadHex);
  });
}

function owner() {
  return { uid: 1000, gid: 100 };
}
