import assert from "node:assert/strict";
import { test } from "node:test";

import type { AlephExecution } from "@alcove/sdk/browser/index.ts";

import { actionWords, matching, portWords, shortHash } from "./execution-words.ts";

function anExecution(hash: string, different: Partial<AlephExecution> = {}): AlephExecution {
  return {
    hash,
    type: "instance",
    state: "running",
    running: true,
    awaiting_confidential_init: false,
    times: { defined: "2025-06-01T12:00:00.000Z" },
    network: {
      ipv4: "172.16.4.2",
      ipv4_network: "172.16.4.0/24",
      ipv6: "fc00::1",
      ipv6_network: "fc00::/124",
      host_ipv4: "203.0.113.7",
    },
    ports: [{ vm_port: 22, host_port: 24_000, tcp: true, udp: false }],
    vcpus: 1,
    memory_bytes: 2 ** 28,
    ...different,
  };
}

const OLD = anExecution("aaaa");
const NEW = anExecution("bbbb", {
  type: "persistent_program",
  state: "stopped",
  running: false,
  times: { defined: "2025-06-02T12:00:00.000Z" },
  ports: [],
});

function found(shown: "all" | "running" | "ended", text: string): readonly string[] {
  return matching([OLD, NEW], { shown, text }).map(({ hash }) => hash);
}

test("executions: the newest come first, and those that have ended can be looked at alone", () => {
  assert.deepEqual(found("all", ""), ["bbbb", "aaaa"]);
  assert.deepEqual(found("running", ""), ["aaaa"]);
  assert.deepEqual(found("ended", ""), ["bbbb"]);
});

test("executions: they are found by hash, kind, address and port, by every word that is typed", () => {
  assert.deepEqual(found("all", "24000"), ["aaaa"]);
  assert.deepEqual(found("all", "  Program stays "), ["bbbb"]);
  assert.deepEqual(found("all", "172.16.4.2 bb"), ["bbbb"]);
  assert.deepEqual(found("all", "aaaa stopped"), []);
});

test("executions: a mapped port says where it leads, and by which protocols", () => {
  assert.equal(
    portWords({ vm_port: 22, host_port: 24_000, tcp: true, udp: false }),
    "22 → 24000 TCP",
  );
  assert.equal(
    portWords({ vm_port: 53, host_port: 1, tcp: true, udp: true }),
    "53 → 1 TCP and UDP",
  );
});

test("executions: a long hash is told by both its ends", () => {
  assert.equal(shortHash(`${"ab".repeat(30)}cdef`), "abababab…cdef");
  assert.equal(shortHash("abcd"), "abcd");
});

test("executions: a reboot of one that is stopped is a start", () => {
  assert.equal(actionWords("reboot", NEW).verb, "Start bbbb");
  assert.equal(actionWords("reboot", OLD).verb, "Reboot aaaa");
});
