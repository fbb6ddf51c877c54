/** The requests that have golden bytes are written exactly so. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fixtures from "../../../../guest/protocol/fixtures/frames.json" with { type: "json" };
import type { GuestNewIdentity } from "#core/ports/guest-identity.ts";
import type { GuestConfiguration, GuestExec } from "#core/ports/guest-link.ts";

import {
  backgroundRequest,
  backgroundStartRequest,
  configureRequest,
  forwardRequest,
  makeDirectoryRequest,
  quiesceRequest,
  readDirectoryRequest,
  reidentifyRequest,
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
  ["open-configure", configureRequest(configuration())],
  ["open-quiesce", quiesceRequest],
  ["open-reidentify", reidentifyRequest(identity())],
  [
    "open-mkdir",
    makeDirectoryRequest({ path: "a/b", user: owner(), recursive: true, mode: 0o1777 }),
  ],
  ["open-remove", removeRequest({ path: "/tmp/x", user, recursive: false })],
  [
    "open-background-start",
    backgroundStartRequest(sleeper(), { ringBytes: 65_536, note: "base64" }),
  ],
  ["open-terminal", backgroundStartRequest(terminal(), { ringBytes: 262_144, note: "terminal" })],
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

function terminal(): GuestExec {
  const pty = { cols: 80, rows: 24 };
  return { ...sleeper(), program: { kind: "login", shell: undefined }, pty };
}

function configuration(): GuestConfiguration {
  const ipv6 = {
    address: "fda1:c012:3456:1::a09:2",
    prefix: 64,
    gateway: "fda1:c012:3456:1::a09:1",
  };
  return {
    hostname: "sbox-1",
    machineId: "0123456789abcdef0123456789abcdef",
    network: {
      interface: "eth0",
      mac: "02:a9:0a:09:00:02",
      address: "10.9.0.2",
      prefix: 24,
      gateway: "10.9.0.1",
      dns: ["10.9.0.1"],
      ipv6,
    },
    growRoot: true,
    sshKeys: [],
    userdata: undefined,
    time: new Date(1_764_000_000_000),
    entropy: Uint8Array.from({ length: 32 }, (_, index) => index),
  };
}

function identity(): GuestNewIdentity {
  const lines = [
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "AAAA",
    "-----END OPENSSH PRIVATE KEY-----",
  ];
  const privateKey = `${lines.join("\n")}\n`;
  return {
    hostname: "sbox-2",
    machineId: "fedcba9876543210fedcba9876543210",
    sshHostKeys: [{ type: "ed25519", privateKey, publicKey: "ssh-ed25519 AAAA sbox-2" }],
    network: {
      interface: "eth0",
      mac: "02:a9:0a:09:00:03",
      address: "10.9.0.3",
      prefix: 24,
      gateway: "10.9.0.1",
      dns: ["10.9.0.1"],
    },
    time: new Date(1_764_000_000_000),
    entropy: Uint8Array.from({ length: 32 }, (_, index) => index),
  };
}

function owner() {
  return { uid: 1000, gid: 100 };
}
