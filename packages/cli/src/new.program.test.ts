/** What `new` prints is what the daemon reads. */

import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { readDaemonFile } from "../../daemon/src/config/daemon-file.ts";
import { alcove } from "./testing/spawned-cli.ts";

test("new: every kind of configuration is read by the daemon without a remark", async () => {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "alcove-new-"));
  const dir = folder.path;
  const script = path.join(dir, "first-boot.sh");
  await writeFile(script, "#!/bin/sh\n");
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBnr no: one #1";
  const kinds: readonly (readonly string[])[] = [
    [],
    ["--count", "0", "--cpu", "1", "--ram", "512M", "--storage-size", "10G", "--persistent"],
    ["--net", "bridge", "--cidr", "192.168.137.1/24", "--range", "192.168.137.2-192.168.137.9"],
    ["--net", "bridge", "--cidr", "192.168.137.1/24", "--address", "192.168.137.2"],
    ["--net", "bridge", "--cidr", "192.168.137.0/24"],
    ["--net", "isolated", "--isolated-range", "169.254.100.0/22", "--drop", "0.0.0.0/0"],
    ["--net", "isolated", "--allow", "10.0.0.1:443", "--allow", "10.1.0.0/16"],
    ["--net", "none", "--ssh-key", key, "--github", "someone", "--userdata-file", script],
    ["--api-bind", path.join(dir, "api.sock"), "--no-graceful-shutdown"],
    ["--api-bind", "0.0.0.0", "--api-port", "9000", "--socket", path.join(dir, "b.sock")],
    ["--no-api-auth"],
  ];
  for (const flags of kinds) {
    const printed = await alcove(["new", "web", ...flags]);
    assert.equal(printed.exitCode, 0, printed.stderr);
    const file = path.join(dir, "web.yaml");
    await writeFile(file, printed.stdout);
    const { problems, warnings, settings } = readDaemonFile(file, "/root");
    assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] }, printed.stdout);
    assert.equal(settings?.groups[0]?.name, "web");
  }
});

test("new: a flag of another kind of network is refused, not dropped", async () => {
  const wrong = await alcove(["new", "web", "--net", "user", "--drop", "10.0.0.0/8"]);
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.stderr, /--drop is for --net isolated/);
  assert.equal((await alcove(["new", "web", "--storage", "image"])).exitCode, 2);
});

test("new: the network's own address becomes that of its first host; a host's address stays", async () => {
  for (const [cidr, gateway] of [
    ["192.168.137.0/24", "192.168.137.1/24"],
    ["192.168.137.8/29", "192.168.137.9/29"],
    ["10.1.0.0/16", "10.1.0.1/16"],
    ["10.1.2.0/16", "10.1.2.0/16"],
  ] as const) {
    const { stdout, stderr } = await alcove(["new", "web", "--net", "bridge", "--cidr", cidr]);
    assert.ok(stdout.includes(`gateway: "${gateway}"\n`), stdout + stderr);
  }
});

test("new: what the daemon would refuse is refused in words, and nothing is printed", async () => {
  const bridge = ["web", "--net", "bridge", "--cidr"];
  for (const [words, complaint] of [
    [["Web_1"], /no name of a host group/],
    [["web", "--userdata-file", "/nonexistent/boot.sh"], /--userdata-file cannot be read/],
    [["web", "--ssh-key", "/nonexistent/key"], /cannot be read/],
    [[...bridge, "home"], /--cidr home: write/],
    [[...bridge, "192.168.300.1/24"], /--cidr 192\.168\.300\.1\/24: write/],
    [[...bridge, "192.168.137.1/30"], /prefix of 8 to 29/],
    [[...bridge, "192.168.137.255/24"], /broadcast/],
  ] as const) {
    const { exitCode, stdout, stderr } = await alcove(["new", ...words]);
    assert.deepEqual([exitCode, stdout], [2, ""], words.join(" "));
    assert.match(stderr, complaint);
  }
  assert.match((await alcove(["new", "--help"])).stdout, /default: 4 GiB/);
});
