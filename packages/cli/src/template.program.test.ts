/** What the command says of templates, of how VMs began and of what they take: against a host that has Alcove's own API. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { aVmDetails } from "@alcove/sdk/testing/vm-accounts.ts";

import { withHost } from "./testing/with-host.ts";

const MIB = 2 ** 20;

const DETAILS = aVmDetails({
  origin: { how: "template", template: "1a2b" },
  memory: { reserved_bytes: 1088 * MIB, private_bytes: 61 * MIB, shared_bytes: 113 * MIB },
  start: {
    how: "template",
    begun_at: "2026-01-02T03:04:05Z",
    ready: true,
    total_ms: 84,
    steps: [{ name: "load", ms: 84 }],
  },
});

describe("alcove template", { timeout: 180_000, concurrency: 2 }, () => {
  test("build, list and remove, for people and for programs", async () => {
    await withHost(async (run, host) => {
      const built = await run("template build sbox --cpus 1 --ram-mb 512");
      assert.deepEqual([built.exitCode, built.stdout], [0, "0000000000000010\n"]);
      const order: unknown = JSON.parse(host.seen.at(-1)?.body.toString() ?? "");
      assert.deepEqual(order, { group: "sbox", vcpus: 1, memory_bytes: 512 * MIB });
      const { stdout } = await run("template ls");
      assert.match(
        stdout,
        /^ID +IMAGE +CPUS +RAM +NETWORK +ON DISK +IN MEMORY +VMS +USED +BUILT$/m,
      );
      assert.match(stdout, /^0{14}10 +base +1 +1GiB +user +101MiB +- +0 +- +.* ago$/m);
      const listed: unknown = JSON.parse((await run("template ls --json")).stdout);
      assert.deepEqual(listed, {
        enabled: true,
        templates: [...host.native.templates.values()],
        under_way: [],
      });
      assert.equal(
        (await run("template rm 0000000000000010")).stdout,
        "0000000000000010 removed\n",
      );
      const again = await run("template rm 0000000000000010 --json");
      assert.equal(again.exitCode, 5);
      assert.match(again.stderr, /template_not_found/);
    });
  });

  test("who does not wait is told where to look; ids are completed", async () => {
    await withHost(async (run) => {
      const { stdout, stderr, exitCode } = await run("template build --no-wait");
      assert.deepEqual([exitCode, stdout], [0, ""]);
      assert.match(stderr, /alcove template ls/);
      await run("template build");
      const completed = await run("__complete template rm 00");
      assert.equal(completed.stdout, "0000000000000020\tbase, 2 CPUs\n");
    });
  });

  test("a list and a description have what the VM takes, where the host knows it", async () => {
    await withHost(async (run, host) => {
      assert.doesNotMatch((await run("vm list")).stdout, /PRIVATE/);
      host.native.vms.set("vm-1", DETAILS);
      host.addVm("vm-2");
      const { stdout } = await run("vm list");
      assert.match(stdout, /^HOSTNAME +IP +RAM +PRIVATE +SHARED +RESERVED +CPUS /m);
      assert.match(stdout, /^vm-1 +\S+ +\S+ +61MiB +113MiB +1.1GiB +\d/m);
      assert.match(stdout, /^vm-2 +\S+ +\S+ +- +- +- +\d/m);
      assert.doesNotMatch((await run("vm list --json")).stdout, /private/);
      const described = (await run("vm describe vm-1")).stdout;
      assert.match(described, /^began +from template 1a2b, ready in 84 ms$/m);
      assert.match(described, /^memory +61MiB its own, 113MiB shared, 1.1GiB reserved$/m);
    });
  });

  test("a launch shows its steps when asked to, beside the name", async () => {
    await withHost(async (run, host) => {
      host.native.vms.set("sbox-1", { ...DETAILS, hostname: "sbox-1" });
      const { stdout, stderr } = await run("vm launch --trace");
      assert.equal(stdout, "sbox-1\n");
      assert.match(stderr, /^sbox-1 is ready in 84 ms \(from template 1a2b\)$/m);
      assert.match(stderr, /^load +84\.0 +█+$/m);
      const { query } = host.seen.find(({ method }) => method === "POST") ?? {};
      assert.equal(query?.get("wait"), "agent");
      assert.match((await run("vm launch --trace")).stderr, /traces no starts/);
      assert.equal((await run("vm launch --trace --json")).exitCode, 2);
    });
  });
});
