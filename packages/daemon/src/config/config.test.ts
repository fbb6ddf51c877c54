import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { StartRefused } from "#lib/start-refused.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { type Config, readConfig } from "./config.ts";

test("config: nothing set gives safe defaults", () => {
  const config = readConfig({}, 0);
  const { stateDir, runtimeDir, api } = config;
  assert.deepEqual(
    { stateDir, runtimeDir, api },
    {
      stateDir: path.resolve(import.meta.dirname, "../../../../.alcove"),
      runtimeDir: "/run/alcove",
      api: {
        ownSocket: "on",
        tcp: { address: "127.0.0.1", port: 8080, auth: "on" },
        socket: undefined,
      },
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
    if (verdict === "taken") assert.equal(read().groups[0].name, name);
    else assert.throws(read, /ALCOVE_GROUP_NAME is .* it must be 1 to 40 of a-z/s);
  });
}

test("config: a value that is no number is named once", () => {
  assert.throws(
    () => readConfig({ ALCOVE_LISTEN_PORT: "abc" }, 0),
    (error) => error instanceof Error && error.message.split("ALCOVE_LISTEN_PORT").length === 2,
  );
});

/** A file beside the environment: one group, and what is put under `config`. */
async function withFile(
  lines: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly config: Config; readonly file: string }> {
  await using dir = await tempDir();
  const file = `${dir.path}/slicer.yaml`;
  await writeFile(file, `config:\n  host_groups: [{ name: vm, vcpu: 1 }]\n${lines}`);
  return { config: readConfig({ ALCOVE_CONFIG: file, ...env }, 0), file };
}

test("config: a file without an auth block means no token on TCP", async () => {
  const { config } = await withFile("");
  assert.deepEqual(config.api.tcp, { address: "127.0.0.1", port: 8080, auth: "off" });
  assert.equal(config.groups[0].name, "vm");
  assert.deepEqual(config.warnings, []);
});

test("config: the environment wins over the file, and that is said", async () => {
  const { config } = await withFile("  api: { port: 9000, auth: { enabled: true } }\n", {
    ALCOVE_LISTEN_PORT: "0",
    ALCOVE_LISTEN_ADDRESS: "127.0.0.1",
    ALCOVE_AUTH: "off",
  });
  assert.deepEqual(config.api.tcp, { address: "127.0.0.1", port: 0, auth: "off" });
  assert.deepEqual(config.warnings, [
    "ALCOVE_LISTEN_PORT=0 is used, not the configuration file's 9000",
    "ALCOVE_AUTH=off is used, not the configuration file's on",
  ]);
});

test("config: settings of a group beside a file with groups are refused", async () => {
  await assert.rejects(
    withFile("", { ALCOVE_GROUP_VCPUS: "4", ALCOVE_GROUP_IMAGE: "" }),
    /^StartRefused: Settings: ALCOVE_GROUP_VCPUS is set, but the host groups are those of the [^;]*$/,
  );
});

test("config: a file that wants nothing on TCP gets nothing there", async () => {
  const off = await withFile("  api: { enabled: false }\n");
  assert.deepEqual(off.config.api, { ownSocket: "off", tcp: undefined, socket: undefined });
  const { config } = await withFile("  api: { bind_address: /run/x.sock, auth: {} }\n");
  assert.deepEqual(config.api, {
    ownSocket: "on",
    tcp: undefined,
    socket: { path: "/run/x.sock", auth: "on" },
  });
  const asked = withFile("  api: { socket: /run/x.sock }\n", { ALCOVE_LISTEN_PORT: "0" });
  await assert.rejects(
    asked,
    /ALCOVE_LISTEN_PORT is set, but the configuration file wants nothing/,
  );
});

test("config: what is wrong in the file and in the environment is told together", async () => {
  const reading = withFile("  colour: red\n", { ALCOVE_AUTH: "maybe" });
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof StartRefused);
    const [first = "", second = ""] = error.message.split("\n");
    assert.match(first, /^Settings: ALCOVE_AUTH is "maybe"/);
    assert.match(second, /slicer\.yaml:3: config\.colour is no key of the configuration$/);
    return true;
  });
});

test("config: the file on the command line wins over ALCOVE_CONFIG, and that is said", async () => {
  await using dir = await tempDir();
  const file = `${dir.path}/mine.yaml`;
  await writeFile(file, "config: { host_groups: [{ name: mine }] }\n");
  const config = readConfig({ ALCOVE_CONFIG: "/nonexistent/other.yaml" }, 0, file);
  assert.equal(config.groups[0].name, "mine");
  assert.match(config.warnings.join(), /ALCOVE_CONFIG=.*other.yaml is not used: the command line/);
});
