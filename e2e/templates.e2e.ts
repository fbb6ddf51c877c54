/** VMs made from memory templates: what each has of its own, what is refused, and what outlives what. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { sh } from "./harness/exec.ts";
import { asObject, type JsonObject, textIn } from "./harness/json-value.ts";
import { GROUP, suite, type TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const NODES = `/hostgroup/${GROUP}/nodes`;
const BUILD_MS = 60_000;

/** how many forks of one template are compared */
const FORKS = 50;
/** at a time */
const PARALLEL = 5;

const CLOCK_TOLERANCE_MS = 200;

const templatesIn = (host: TestHost): string => path.join(host.dirs.state, "templates");

function namesIn(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** @returns the id of the template that there is, once there is one */
function built(host: TestHost): Promise<string> {
  return until(
    "a template is built",
    async () => namesIn(templatesIn(host)).find((name) => /^[0-9a-f]{16}$/.test(name)),
    BUILD_MS,
  );
}

async function originOf(host: TestHost, hostname: string): Promise<JsonObject> {
  const { json, status, text } = await host.api.get(`/v1/vms/${hostname}`);
  assert.equal(status, 200, text);
  return asObject(asObject(json)["origin"]);
}

async function flipByte(file: string, at: number): Promise<void> {
  await using handle = await open(file, "r+");
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 0x10]), 0, 1, at);
}

/** not a program on its way to become one */
function isQemu(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("qemu-system");
  } catch {
    return false; // it has just ended
  }
}

/** What must not be the same in two guests; the last line is the guest's clock. */
const IDENTITY = `
  head -c 32 /dev/urandom | sha256sum
  cat /proc/sys/kernel/random/uuid
  cat /etc/machine-id
  hostname
  cat /sys/class/net/eth0/address
  ip -4 -o addr show dev eth0 | sed 's/.*inet //; s/ .*//'
  cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub
  date +%s%3N
`;
const KINDS = ["random", "uuid", "machine id", "host name", "MAC", "IP", "host key"] as const;

/** @returns a line for each of `KINDS`; its clock was looked at */
async function identityIn(host: TestHost, hostname: string): Promise<readonly string[]> {
  const before = Date.now();
  const lines = (await sh(host.api, hostname, IDENTITY)).split("\n");
  const clock = Number(lines.at(-1));
  assert.ok(clock > before - CLOCK_TOLERANCE_MS, `${hostname} lives ${before - clock} ms ago`);
  assert.ok(clock < Date.now() + CLOCK_TOLERANCE_MS, `${hostname} lives in the future`);
  assert.equal(lines.length, KINDS.length + 1, `${hostname}: ${lines.join(", ")}`);
  return lines.slice(0, KINDS.length);
}

suite("templates", { ALCOVE_TEMPLATES: "on" }, (host, story) => {
  story(`${FORKS} forks of one template have nothing of each other`, async () => {
    await host.api.post(NODES, { query: { wait: "agent" }, json: {} }); // booted, or forked already
    const template = await built(host);
    const [first] = await host.hostnames();
    const hostnames: string[] = [];
    for (let made = 0; made < FORKS; made += PARALLEL) {
      const batch = Array.from({ length: PARALLEL }, () => host.createVm());
      hostnames.push(...(await Promise.all(batch)));
    }
    const guests = await Promise.all(hostnames.map((hostname) => identityIn(host, hostname)));
    for (const [index, kind] of KINDS.entries()) {
      assert.equal(new Set(guests.map((lines) => lines[index])).size, FORKS, kind);
    }
    for (const hostname of hostnames) {
      assert.deepEqual(await originOf(host, hostname), { how: "template", template });
    }
    await Promise.all([...hostnames, first ?? ""].map((hostname) => host.deleteVm(hostname)));
  });

  story("a fork has its keys, its userdata, its disk and its network as after a boot", async () => {
    await built(host);
    const [one, two] = await Promise.all([
      host.createVm({ userdata: "#!/bin/sh\necho from-userdata > /root/made", tags: ["a=b"] }),
      host.createVm({ persistent: true }),
    ]);
    await until("userdata has run", async () => {
      return (await sh(host.api, one, "cat /root/made 2>/dev/null || true")) === "from-userdata";
    });
    const log = await host.api.get(`/vm/${two}/logs`);
    assert.match(textIn(log.json, "content"), /\n/, "its console is empty");
    assert.equal(await sh(host.api, two, "ls /root/made 2>/dev/null || echo none"), "none");
    await sh(host.api, two, "head -c 1000000 /dev/urandom > /root/kept; sync");
    const hash = await sh(host.api, two, "sha256sum /root/kept");
    // It boots from its own disk afterwards, which stands on the template's.
    await host.api.post(`/vm/${two}/shutdown`, { json: { action: "shutdown" } });
    await host.untilStatus(two, "Stopped");
    const again = await host.api.post(`/vm/${two}/relaunch`, { query: { wait: "agent" } });
    assert.equal(again.status, 200, again.text);
    await until("it can be used", async () => {
      return (await host.api.get(`/vm/${two}/health`)).status === 200;
    });
    assert.equal(await sh(host.api, two, "sha256sum /root/kept"), hash);
    assert.equal(await sh(host.api, two, "hostname"), two);
    for (const hostname of [one, two]) await host.deleteVm(hostname);
  });

  story("a fork is suspended and restored, and told the time", async () => {
    await built(host);
    const vm = await host.createVm({ persistent: true });
    await sh(
      host.api,
      vm,
      "head -c 3000000 /dev/urandom > /dev/shm/x || mount -t tmpfs x /mnt; true",
    );
    const memory = await sh(host.api, vm, "sha256sum /dev/shm/x; cat /etc/machine-id");
    const suspended = await host.api.post(`/vm/${vm}/suspend`);
    assert.equal(suspended.status, 200, suspended.text);
    const restored = await host.api.post(`/vm/${vm}/restore`, {
      query: { wait: "agent", timeout: "60s" },
    });
    assert.equal(restored.status, 200, restored.text);
    assert.equal(await sh(host.api, vm, "sha256sum /dev/shm/x; cat /etc/machine-id"), memory);
    const clock = Number(await sh(host.api, vm, "date +%s"));
    assert.ok(Math.abs(Date.now() / 1000 - clock) < 2, "its clock stood still");
    await host.deleteVm(vm);
  });

  story("one whose agent cannot confirm is never ready, and gone afterwards", async () => {
    await built(host);
    // Its processor stands still as soon as it runs. An agent that was faster has confirmed: once more.
    for (let attempt = 1; ; attempt += 1) {
      const since = host.daemon.lines.length;
      const asked = host.api.post(NODES, { query: { wait: "agent", timeout: "60s" }, json: {} });
      let running: JsonObject | undefined;
      while (!running) {
        await delay(1);
        running = host.daemon.events("vm.phase", since).find(({ to }) => to === "running");
      }
      const pid = host.machinePid(textIn(running, "hostname"));
      process.kill(pid, "SIGSTOP");
      await delay(300);
      if (host.daemon.events("guest.ready", since).length > 0) {
        process.kill(pid, "SIGCONT");
        await host.deleteVm(textIn((await asked).json, "hostname"));
        assert.ok(attempt < 20, "every agent was faster than a signal");
        continue;
      }
      const { status, text } = await asked;
      assert.ok(status >= 500, text);
      assert.match(text, /did not confirm that it is a VM of its own/);
      await until("it is gone", async () => (await host.hostnames()).length === 0);
      assert.ok(!host.dirs.machines().includes(pid), "its process is there");
      assert.deepEqual(host.dirs.vmDirs(), []);
      assert.deepEqual(host.daemon.events("guest.ready", since), []);
      return;
    }
  });

  for (const [part, at] of [
    ["machine/memory", 1_000_000],
    ["machine/devices", 5_000],
  ] as const) {
    story(`a template whose ${part} has a flipped bit is refused, and the VM boots`, async () => {
      const template = await built(host);
      await host.daemon.stop();
      await flipByte(path.join(templatesIn(host), template, part), at);
      await host.start();
      const vm = await host.createVm();
      const origin = await originOf(host, vm);
      assert.equal(origin["how"], "boot");
      assert.match(textIn(origin, "why"), /template cannot be used/);
      const again = await until(
        "another is built",
        async () => {
          const id = await built(host);
          return id !== template && id;
        },
        BUILD_MS,
      );
      await host.deleteVm(vm);
      const next = await host.createVm();
      assert.deepEqual(await originOf(host, next), { how: "template", template: again });
      await host.deleteVm(next);
    });
  }

  story("daemons killed while they make VMs from a template leave none half made", async () => {
    await built(host);
    for (const afterMs of [0, 15, 30, 60, 90, 140]) {
      const made = host.api.post(NODES, { json: {} }).catch(() => undefined); // its host is killed
      await delay(afterMs);
      await host.daemon.kill();
      await made;
      await host.start();
      for (const hostname of await host.hostnames()) {
        await until(`${hostname} can be used`, async () => {
          return (await host.api.get(`/vm/${hostname}/health`)).status === 200;
        });
        assert.equal(await sh(host.api, hostname, "hostname"), hostname);
        await host.deleteVm(hostname);
      }
    }
  });

  story(
    "a machine killed while it is made from a template is told, and leaves nothing",
    async () => {
      await built(host);
      for (const afterMs of [20, 50, 80]) {
        const before = new Set(host.dirs.machines());
        const asked = host.api.post(NODES, { query: { wait: "agent", timeout: "60s" }, json: {} });
        const pid = await until("its process is there", async () =>
          host.dirs.machines().find((it) => !before.has(it) && isQemu(it)),
        );
        await delay(afterMs);
        process.kill(pid, "SIGKILL");
        const { status, json, text } = await asked;
        // Killed after it was ready, killed while it could still be booted instead, or in between.
        if (status === 201) {
          const hostname = textIn(json, "hostname");
          const node = await host.node(hostname);
          if (node) await host.deleteVm(hostname);
        } else {
          assert.ok(status >= 500, text);
        }
        await until("nothing is left", async () => {
          return (await host.hostnames()).length === 0 && host.dirs.vmDirs().length === 0;
        });
      }
    },
  );
});

suite("templates half built", { ALCOVE_TEMPLATES: "on" }, (host, story) => {
  story("daemons killed at any moment of it leave no half template, and nothing else", async () => {
    const template = await built(host);
    for (const afterMs of [150, 500, 900, 1300, 1700, 2200]) {
      await host.daemon.stop();
      await host.start();
      await host.api.delete(`/v1/templates/${namesIn(templatesIn(host))[0] ?? template}`);
      const vm = await host.createVm(); // it boots, and has a template built behind it
      await host.deleteVm(vm);
      await delay(afterMs);
      await host.daemon.kill();
      await host.start();
      const vm2 = await host.createVm();
      assert.equal(await sh(host.api, vm2, "hostname"), vm2);
      await host.deleteVm(vm2);
    }
    await built(host);
    assert.deepEqual(await host.daemon.stop(), { code: 0, signal: null });
    host.dirs.assertNothingLeft();
    assert.equal(namesIn(templatesIn(host)).length, 1);
    assert.equal(namesIn(path.join(host.dirs.state, "layers")).length, 1);
    await host.start();
  });
});
