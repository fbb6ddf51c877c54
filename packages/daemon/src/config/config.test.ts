import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import { readConfig } from "./config.ts";

test("config: nothing set gives safe defaults", () => {
  const config = readConfig({}, 0);
  const { stateDir, runtimeDir, listenAddress, listenPort, auth } = config;
  assert.deepEqual(
    { stateDir, runtimeDir, listenAddress, listenPort, auth },
    {
      stateDir: path.resolve(import.meta.dirname, "../../../../.alcove"),
      runtimeDir: "/run/alcove",
      listenAddress: "127.0.0.1",
      listenPort: 8080,
      auth: "on",
    },
  );
});

test("config: an ordinary user's sockets lie where that user may make them", () => {
  const runtimeDir = readConfig({ XDG_RUNTIME_DIR: "/nonexistent" }, 1000).runtimeDir;
  assert.equal(runtimeDir, "/tmp/alcove-1000");
});

test("config: a misspelt setting stops the daemon and the right name is offered", () => {
  assert.throws(
    () => readConfig({ ALCOVE_LISTEN_PROT: "1" }, 0),
    /did you mean ALCOVE_LISTEN_PORT\?/,
  );
});

test("config: everything wrong is said at once, with what it may be", () => {
  const env = { ALCOVE_LISTEN_PORT: "many", ALCOVE_AUTH: "maybe", ALCOVE_GROUP_VCPUS: "1.5" };
  assert.throws(
    () => readConfig(env, 0),
    (error) =>
      error instanceof Error &&
      error.message.includes('ALCOVE_LISTEN_PORT is "many"; it must be a number from 0 to 65535') &&
      error.message.includes('ALCOVE_AUTH is "maybe"; it may be on or off') &&
      error.message.includes("ALCOVE_GROUP_VCPUS must be a whole number"),
  );
});

for (const [name, verdict] of [
  ["a", "taken"],
  ["gpu-2", "taken"],
  ["a".repeat(40), "taken"],
  ["a".repeat(41), "refused"],
  ["../etc", "refused"],
  ["two words", "refused"],
  ["name\nhost", "refused"],
  ["-a", "refused"],
  ["a-", "refused"],
] as const) {
  test(`config: a host group called ${JSON.stringify(name)} is ${verdict}`, () => {
    const read = () => readConfig({ ALCOVE_GROUP_NAME: name }, 0);
    if (verdict === "taken") assert.equal(read().group.name, name);
    else assert.throws(read, /ALCOVE_GROUP_NAME is .* it must be 1 to 40 of a-z/s);
  });
}

test("config: a value that is no number is named once", () => {
  assert.throws(
    () => readConfig({ ALCOVE_LISTEN_PORT: "abc" }, 0),
    (error) => error instanceof Error && error.message.split("ALCOVE_LISTEN_PORT").length === 2,
  );
});
