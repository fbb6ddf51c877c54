import assert from "node:assert/strict";
import { test } from "node:test";

import {
  hashOfDigit,
  instanceContent,
  SIGNED_HASH,
  SIGNED_MESSAGE,
  unsignedMessage,
} from "#testing/aleph-messages.ts";

import { diskMiBOf } from "./content.ts";
import { readExecutable, readInstance, readMessage, readProgram } from "./parse.ts";
import { MAX_PROBLEMS, SchemaProblems } from "./schema-problems.ts";

const REF = hashOfDigit("a");

function problemsOf(read: () => unknown): SchemaProblems["problems"] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof SchemaProblems, String(error));
    return error.problems;
  }
  return [];
}

/** what is wrong, as `type at place` */
function complaints(value: unknown, read: (value: unknown) => unknown = readInstance): string[] {
  return problemsOf(() => read(value)).map(({ type, loc }) => `${type} ${loc.join(".")}`);
}

test("instance: the worked message is read completely", () => {
  assert.deepEqual(readInstance(SIGNED_MESSAGE["content"]), {
    kind: "instance",
    address: SIGNED_MESSAGE["sender"],
    time: 1_748_779_200,
    authorizedKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ test@example"],
    variables: {},
    metadata: undefined,
    resources: { vcpus: 1, memoryMiB: 256, seconds: 30, publishedPorts: [] },
    payment: { chain: "ETH", receiver: undefined, type: "hold" },
    requirements: undefined,
    volumes: [
      {
        kind: "persistent",
        parent: undefined,
        persistence: "host",
        name: "data",
        mount: "/opt/data",
        sizeMiB: 64,
      },
    ],
    internet: true,
    alephApi: true,
    hypervisor: "qemu",
    trustedExecution: undefined,
    rootfs: { parent: { ref: REF, useLatest: false }, persistence: "host", sizeMiB: 1024 },
  });
  assert.equal(diskMiBOf(readInstance(SIGNED_MESSAGE["content"])), 1088);
});

test("instance: what may be left out has its defaults, and no payment is holding", () => {
  const content = readInstance(
    instanceContent({
      environment: {},
      resources: {},
      payment: null,
      volumes: [],
      metadata: null,
      variables: null,
      authorized_keys: null,
      requirements: null,
      replaces: null,
    }),
  );
  assert.deepEqual(content.resources, { vcpus: 1, memoryMiB: 128, seconds: 1, publishedPorts: [] });
  assert.deepEqual(content.payment, { type: "hold", chain: undefined, receiver: undefined });
  assert.equal(content.hypervisor, undefined);
  assert.equal(content.internet, false);
});

const VOLUME_SIZE = { size_mib: 10 };

test("volumes: the first shape that fits; names and mounts are made where they are missing", () => {
  const { volumes } = readInstance(
    instanceContent({
      volumes: [
        { ref: REF, mount: "/data" },
        { ephemeral: true, ...VOLUME_SIZE },
        { ...VOLUME_SIZE },
        { name: "a b/../c", parent: { ref: REF }, ...VOLUME_SIZE },
      ],
    }),
  );
  const persistent = { kind: "persistent", persistence: "host", sizeMiB: 10 };
  assert.deepEqual(volumes, [
    { kind: "immutable", file: { ref: REF, useLatest: true }, mount: "/data" },
    { kind: "ephemeral", sizeMiB: 10, mount: undefined },
    { ...persistent, parent: undefined, name: "unamed_volume_2", mount: "/mnt/unamed_volume_2" },
    {
      ...persistent,
      parent: { ref: REF, useLatest: true },
      name: "a_b____c",
      mount: "/mnt/a_b____c",
    },
  ]);
});

const WRONG: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[]])[] =
  [
    ["an unknown key", { surprise: 1 }, ["extra_forbidden surprise"]],
    ["a text as time", { time: "soon" }, ["float_parsing time"]],
    ["a time out of bounds", { time: -1 }, ["greater_than_equal time"]],
    ["no processors", { resources: { vcpus: 0 } }, ["greater_than_equal resources.vcpus"]],
    ["too much memory", { resources: { memory: 1_048_577 } }, ["less_than_equal resources.memory"]],
    ["half a processor", { resources: { vcpus: 1.5 } }, ["int_from_float resources.vcpus"]],
    [
      "a port that is none",
      { resources: { published_ports: [{ port: 0 }] } },
      ["greater_than_equal resources.published_ports.0.port"],
    ],
    ["resources that are null", { resources: null }, ["model_type resources"]],
    ["a payment without a type", { payment: {} }, ["missing payment.type"]],
    ["an unknown payment", { payment: { type: "promise" } }, ["enum payment.type"]],
    ["too many keys", { authorized_keys: Array(257).fill("k") }, ["too_long authorized_keys"]],
    [
      "too long a key",
      { authorized_keys: ["k".repeat(8193)] },
      ["string_too_long authorized_keys.0"],
    ],
    [
      "too long a variable",
      { variables: { A: "v".repeat(4097) } },
      ["string_too_long variables.A"],
    ],
    ["volumes that are null", { volumes: null }, ["list_type volumes"]],
    [
      "two volumes of one name",
      {
        volumes: [
          { name: "a b", ...VOLUME_SIZE },
          { name: "a_b", ...VOLUME_SIZE },
        ],
      },
      ["value_error volumes.1"],
    ],
    [
      "a secret VM without QEMU",
      { environment: { trusted_execution: { policy: 1 } } },
      ["value_error environment.trusted_execution"],
    ],
    [
      "a policy of more than 32 bits",
      { environment: { hypervisor: "qemu", trusted_execution: { policy: 2 ** 32 } } },
      ["less_than_equal environment.trusted_execution.policy"],
    ],
    [
      "a stream to no node",
      { payment: { type: "superfluid" }, requirements: {} },
      ["value_error "],
    ],
    ["a GPU of no node", { requirements: { gpu: [GPU()] } }, ["value_error "]],
    [
      "terms of no node",
      { requirements: { node: { terms_and_conditions: REF } } },
      ["value_error "],
    ],
    ["an unknown need", { requirements: { luck: 1 } }, ["extra_forbidden requirements.luck"]],
    [
      "a root of nothing",
      { rootfs: { parent: { ref: "x" }, persistence: "host", size_mib: 0 } },
      ["value_error rootfs.parent.ref", "greater_than rootfs.size_mib"],
    ],
  ];

for (const [what, change, expected] of WRONG) {
  test(`instance: ${what} is refused by its place`, () => {
    assert.deepEqual(complaints(instanceContent(change)), expected);
  });
}

function GPU(): object {
  return { vendor: "N", device_name: "N", device_class: "0300", device_id: "10de:27b0" };
}

test("instance: all problems are told at once, in the shapes of the network's nodes", () => {
  const content = instanceContent({ allow_amend: undefined, environment: undefined });
  const { time: _, ...rest } = JSON.parse(JSON.stringify(content));
  assert.deepEqual(complaints(rest), [
    "missing time",
    "missing allow_amend",
    "missing environment",
  ]);
  assert.deepEqual(complaints([]), ["model_type "]);
  assert.throws(
    () => readInstance(null),
    (error) => {
      assert.ok(error instanceof SchemaProblems);
      assert.equal(error.kind, "bad request");
      assert.deepEqual(error.body, [
        {
          type: "model_type",
          loc: [],
          msg: "Input should be a valid dictionary or instance of InstanceContent",
          input: null,
          ctx: { class_name: "InstanceContent" },
          url: "https://errors.pydantic.dev/2.11/v/model_type",
        },
      ]);
      return true;
    },
  );
});

test("instance: a volume that fits no shape is told what is wrong with each", () => {
  const found = complaints(instanceContent({ volumes: [{ mount: "/x", size_mib: 0 }] }));
  assert.deepEqual(found, [
    "missing volumes.0.ImmutableVolume.ref",
    "extra_forbidden volumes.0.ImmutableVolume.size_mib",
    "missing volumes.0.EphemeralVolume.ephemeral",
    "greater_than volumes.0.EphemeralVolume.size_mib",
    "greater_than volumes.0.PersistentVolume.size_mib",
  ]);
});

test("instance: the list of problems has an end", () => {
  const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 1]));
  assert.equal(problemsOf(() => readInstance(instanceContent(unknown))).length, MAX_PROBLEMS);
});

const PROGRAM = {
  type: "vm-function",
  address: "0xA",
  time: 1,
  allow_amend: false,
  environment: { internet: true },
  resources: {},
  code: { encoding: "zip", entrypoint: "main:app", ref: REF },
  runtime: { ref: REF, comment: "" },
  on: { http: true, message: [{ sender: "x" }], persistent: null },
};

test("program: it is read by its code; what calls it follows from its entry point", () => {
  const content = readExecutable(PROGRAM);
  assert.ok(content.kind === "program");
  assert.deepEqual(content.code, {
    encoding: "zip",
    entrypoint: "main:app",
    file: { ref: REF, useLatest: false },
    interface: "asgi",
    args: [],
  });
  assert.equal(content.runtime.useLatest, true);
  assert.deepEqual([content.onHttp, content.onPersistent], [true, false]);
  const served = readProgram({ ...PROGRAM, code: { ...PROGRAM.code, entrypoint: "run.sh" } });
  assert.equal(served.code.interface, "binary");
});

test("program: a root disk, a wrong type and unknown triggers are refused", () => {
  const wrong = { ...PROGRAM, type: "vm", rootfs: {}, on: { http: true, cron: "* * * * *" } };
  assert.deepEqual(complaints(wrong, readProgram), [
    "literal_error type",
    "extra_forbidden on.cron",
    "extra_forbidden rootfs",
  ]);
});

test("message: a whole one is read, and kept as it was", () => {
  const message = readMessage(SIGNED_MESSAGE, SIGNED_HASH);
  assert.equal(message.type, "INSTANCE");
  assert.equal(message.time, 1_748_779_200);
  assert.equal(message.raw, SIGNED_MESSAGE);
});

test("message: a bare content becomes one of its owner's", () => {
  const { type, sender, chain, raw } = readMessage(instanceContent(), REF);
  assert.deepEqual([type, sender, chain], ["INSTANCE", SIGNED_MESSAGE["sender"], "ETH"]);
  assert.equal(raw["item_hash"], REF);
  const again = readMessage(raw, REF);
  assert.deepEqual(again.content, instanceContent());
  assert.equal(readMessage(PROGRAM, REF).type, "PROGRAM");
  const store = { address: "0xA", time: 2, item_type: "storage", item_hash: REF };
  assert.equal(readMessage(store, hashOfDigit("b")).type, "STORE");
});

test("message: another hash, unknown keys, no owner and bottomless ones are refused", () => {
  const read = (value: unknown) => readMessage(value, REF);
  assert.deepEqual(complaints(SIGNED_MESSAGE, read), ["value_error item_hash"]);
  const post = unsignedMessage(REF, "POST", {});
  assert.deepEqual(complaints({ ...post, status: "x" }, read), ["extra_forbidden status"]);
  assert.deepEqual(complaints({ ...post, content: {} }, read), ["missing content.address"]);
  assert.deepEqual(complaints("hello", read), ["model_type "]);
  const deep: unknown = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
  assert.deepEqual(complaints({ ...post, content: { address: "0xA", deep } }, read), [
    "value_error ",
  ]);
});
