/**
 * Bridge and isolated networks with real guests: who reaches whom, and who does not.
 *
 * "Refused" is said at once by a packet filter on the way. What a guest sends under a false address
 * vanishes instead, which shows only as silence: each of those stories also tries the true address, before and
 * after. IPv6 is tried beside it (networks-ipv6), but for user networks, which are tried here for that alone.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { exec, sh } from "./harness/exec.ts";
import { networksOf } from "./harness/host-networks.ts";
import { KNOWN_ADDRESS, KNOWN_NAME, Outside } from "./harness/outside.ts";
import { create, dial, greetingFrom, ipOf, openGreeter, pings, remove } from "./harness/reach.ts";
import { suite, type TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

/** Networks of their own for each run of this file. */
const place = 20 + (process.pid % 200);
const NETWORK = `10.${place}.0`;
const GATEWAY = `${NETWORK}.1`;
const RANGE = `10.${place}.4.0/22`;

const directory = mkdtempSync(path.join(tmpdir(), "alcove-networks-"));
const file = path.join(directory, "alcove.yaml");
const SETTINGS = { ALCOVE_CONFIG: file, ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" };

const outside: { host: Outside | undefined } = { host: undefined };

function there(): Outside {
  assert.ok(outside.host, "the outside is not open");
  return outside.host;
}

before(async () => {
  if (process.getuid?.() === 0) outside.host = await Outside.open();
  writeFileSync(
    file,
    `config:
  api: { auth: { enabled: true } }
  host_groups:
    - name: sbox
      count: 0
      vcpu: 1
      ram_mb: 256
      dns_servers: [${outside.host?.one ?? "192.0.2.53"}]
      network: { mode: bridge, gateway: ${GATEWAY}/24, range: ${NETWORK}.10-${NETWORK}.20 }
    - name: iso
      count: 0
      vcpu: 1
      ram_mb: 256
      network: { mode: isolated, range: ${RANGE}, drop: [${outside.host?.other ?? "192.0.2.9"}] }
    - name: usr
      count: 0
      vcpu: 1
      ram_mb: 256
`,
  );
});
after(async () => {
  await outside.host?.close();
  rmSync(directory, { recursive: true });
});

suite("network bridge", SETTINGS, (host, story) => {
  let one = "";
  let other = "";

  story("a guest has an address of the pool, the gateway and the group's name server", async () => {
    one = await create(host, "sbox");
    assert.equal(await ipOf(host, one), `${NETWORK}.10`);
    const addresses = await sh(host.api, one, "ip -4 -o addr show dev eth0");
    assert.ok(addresses.includes(`inet ${NETWORK}.10/24 `), addresses);
    assert.match(
      await sh(host.api, one, "ip route show default"),
      new RegExp(`via ${GATEWAY} dev eth0`),
    );
    assert.equal(await sh(host.api, one, "cat /etc/resolv.conf"), `nameserver ${there().one}`);
  });

  story("guests reach each other, and the host reaches them at their addresses", async () => {
    other = await create(host, "sbox", { ip: `${NETWORK}.15/24` });
    assert.equal(await ipOf(host, other), `${NETWORK}.15`);
    assert.ok(await pings(host, one, `${NETWORK}.15`));
    assert.equal(await greetingFrom(host, other, `${NETWORK}.15`), "from the guest\n");
    assert.equal(await dial(host, one, `${NETWORK}.15`, 7000), "from the guest");
  });

  story(
    "a guest reaches the world under the host's address, and its name server there",
    async () => {
      const { one: address, port, hostThere } = there();
      assert.equal(await dial(host, one, address, port), `from ${hostThere} to ${address} ${port}`);
      const known = await sh(host.api, one, `getent ahostsv4 ${KNOWN_NAME}`);
      assert.ok(known.startsWith(`${KNOWN_ADDRESS} `), known);
    },
  );

  story(
    "the gateway answers, and the host's own services are refused on every address",
    async () => {
      await using greeter = await openGreeter();
      assert.ok(await pings(host, one, GATEWAY));
      for (const address of [GATEWAY, there().hostThere]) {
        assert.equal(await dial(host, one, address, greeter.port), "refused", address);
      }
    },
  );

  story("what a guest sends from an address that is not its own gets nowhere", async () => {
    assert.ok(await pings(host, one, `${NETWORK}.15`, `${NETWORK}.10`));
    await sh(host.api, one, `ip addr add ${NETWORK}.99/24 dev eth0`);
    assert.equal(await pings(host, one, `${NETWORK}.15`, `${NETWORK}.99`), false);
    assert.equal(await pings(host, one, GATEWAY, `${NETWORK}.99`), false);
    await sh(host.api, one, `ip addr del ${NETWORK}.99/24 dev eth0`);
    assert.ok(await pings(host, one, `${NETWORK}.15`));
  });

  story("nor does what it sends from another MAC address", async () => {
    const own = await sh(host.api, one, "cat /sys/class/net/eth0/address");
    const become = (mac: string) =>
      sh(host.api, one, `ip link set eth0 address ${mac}; ip neigh flush dev eth0`);
    await become("02:00:00:00:00:99");
    assert.equal(await pings(host, one, `${NETWORK}.15`), false);
    await become(own);
    assert.ok(await pings(host, one, `${NETWORK}.15`));
    await remove(host, one, other);
  });

  story("a deleted VM's tap is gone, and its address is given again", async () => {
    assert.deepEqual(
      networksOf(host.dirs.runtime).filter((it) => /t\d+$/.test(it)),
      [],
    );
    const again = await create(host, "sbox");
    assert.equal(await ipOf(host, again), `${NETWORK}.10`);
    await remove(host, again);
  });
});

suite("network isolated", SETTINGS, (host, story) => {
  let one = "";
  let ip = "";

  story(
    "the host reaches a guest at its address, which the guest itself does not know",
    async () => {
      one = await create(host, "iso");
      ip = await ipOf(host, one);
      assert.equal(ip, `10.${place}.4.2`);
      assert.match(
        await sh(host.api, one, "ip -4 -o addr show dev eth0"),
        /inet 10\.232\.0\.2\/30 /,
      );
      assert.equal(await greetingFrom(host, one, ip), "from the guest\n");
    },
  );

  story("its process lives in a network namespace of its own, without privileges", async () => {
    const pid = host.machinePid(one);
    const namespace = networksOf(host.dirs.runtime).find((it) => it.startsWith("alcove-"));
    const inode = statSync(`/run/netns/${namespace}`).ino;
    assert.equal(readlinkSync(`/proc/${pid}/ns/net`), `net:[${inode}]`);
    assert.notEqual(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync("/proc/self/ns/net"));
  });

  story("it reaches the world under the host's address, but for what its group drops", async () => {
    const { one: address, other: dropped, port, hostThere } = there();
    assert.equal(await dial(host, one, address, port), `from ${hostThere} to ${address} ${port}`);
    assert.equal(await dial(host, one, dropped, port), "refused");
  });

  story("the host, its networks and other VMs are refused, from both sides", async () => {
    await using greeter = await openGreeter();
    const bridged = await create(host, "sbox");
    const other = await create(host, "iso");
    const otherIp = await ipOf(host, other);
    assert.equal(await greetingFrom(host, other, otherIp), "from the guest\n");
    const { hostThere, near, port } = there();
    const link = ip.replace(/\d+$/, (last) => String(Number(last) - 1));
    for (const address of [link, GATEWAY, hostThere]) {
      assert.equal(await dial(host, one, address, greeter.port), "refused", address);
    }
    assert.equal(await dial(host, one, near, port), "refused");
    assert.equal(await dial(host, one, otherIp, 7000), "refused");
    assert.equal(await pings(host, one, await ipOf(host, bridged)), false);
    assert.equal(await dial(host, bridged, otherIp, 7000), "silence");
    const user = await create(host, "usr");
    assert.match(await dial(host, user, there().one, port), /^from /);
    assert.equal(await dial(host, user, otherIp, 7000), "refused");
    await remove(host, bridged, other, user);
  });

  story("a false address leads nowhere", async () => {
    const { one: address, port } = there();
    await sh(
      host.api,
      one,
      "ip addr add 10.99.99.99/32 dev eth0; ip route replace default via 10.232.0.1 src 10.99.99.99",
    );
    assert.equal(await dial(host, one, address, port), "silence");
    await sh(
      host.api,
      one,
      "ip route replace default via 10.232.0.1; ip addr del 10.99.99.99/32 dev eth0",
    );
    assert.match(await dial(host, one, address, port), /^from /);
    await remove(host, one);
  });

  story(
    "with only an allow list all else is refused, and an entry opens its port alone",
    async () => {
      const { one: address, other, near, port, otherPort } = there();
      const network = { allow: [`${address}:${port}`, `${near}:${port}`], drop: [] };
      const vm = await create(host, "iso", { network });
      assert.match(await dial(host, vm, address, port), /^from /);
      assert.match(await dial(host, vm, near, port), /^from /);
      assert.equal(await dial(host, vm, address, otherPort), "refused");
      assert.equal(await dial(host, vm, near, otherPort), "refused");
      assert.equal(await dial(host, vm, other, port), "refused");
      await remove(host, vm);
    },
  );

  story("with both lists, allow carves exceptions out of drop", async () => {
    const { one: address, other, port, otherPort } = there();
    const network = { allow: [`${address}/32`], drop: ["203.0.113.0/24"] };
    const vm = await create(host, "iso", { network });
    assert.match(await dial(host, vm, address, otherPort), /^from /);
    assert.equal(await dial(host, vm, other, port), "refused");
    await remove(host, vm);
  });

  story("with neither list all is allowed but what is near", async () => {
    const { other, near, port } = there();
    const vm = await create(host, "iso", { network: { allow: [], drop: [] } });
    assert.match(await dial(host, vm, other, port), /^from /);
    assert.equal(await dial(host, vm, near, port), "refused");
    await remove(host, vm);
  });
});

suite("network user", SETTINGS, (host, story) => {
  story(
    "a guest speaks IPv6 to the world where the host does, and not to the host itself",
    async () => {
      await using greeter = await openGreeter();
      const { near6, hostThere6, port } = there();
      const vm = await create(host, "usr");
      await until("the guest has heard its router", async () => {
        const route = await exec(host.api, vm, {
          cmd: "ip -6 route show default",
          shell: "/bin/sh",
        });
        return route.stdout.length > 0;
      });
      assert.equal(await dial(host, vm, near6, port), `from ${hostThere6} to ${near6} ${port}`);
      assert.equal(await dial(host, vm, hostThere6, greeter.port), "refused");
      await remove(host, vm);
    },
  );
});

suite("networks over daemons", SETTINGS, (host, story) => {
  let bridged = "";
  let isolated = "";

  const bothReachTheWorld = async () => {
    const { one: address, port } = there();
    for (const vm of [bridged, isolated])
      assert.match(await dial(host, vm, address, port), /^from /);
  };

  story("a killed daemon's networks go on, and the next daemon takes them over", async () => {
    bridged = await create(host, "sbox", { persistent: true });
    isolated = await create(host, "iso", { persistent: true });
    const made = networksOf(host.dirs.runtime);
    await host.daemon.kill();
    assert.deepEqual(networksOf(host.dirs.runtime), made);
    await host.start({ ALCOVE_ON_STOP: "leave" });
    assert.deepEqual(host.daemon.events("host.leftover_removed"), []);
    assert.deepEqual(networksOf(host.dirs.runtime), made);
    await bothReachTheWorld();
  });

  story("a daemon that leaves its VMs leaves their networks", async () => {
    const made = networksOf(host.dirs.runtime);
    await host.daemon.stop();
    assert.deepEqual(networksOf(host.dirs.runtime), made);
    await host.start();
    await bothReachTheWorld();
    await sh(host.api, bridged, "ip addr add 10.99.99.99/24 dev eth0");
    assert.equal(await pings(host, bridged, GATEWAY, "10.99.99.99"), false);
  });

  story(
    "what belongs to nobody after a crash of everything is gone after the next start",
    async () => {
      const pids = [bridged, isolated].map((vm) => machinePidAfterRestart(host, vm));
      await host.daemon.kill();
      for (const pid of pids) process.kill(pid, "SIGKILL");
      await until("the machines are gone", () => host.dirs.machines().length === 0);
      await host.start();
      assert.deepEqual(networksOf(host.dirs.runtime), []);
      assert.ok(host.daemon.events("host.leftover_removed").length > 0);
    },
  );

  story(
    "a daemon killed in the middle of creates leaves nothing behind the next one's end",
    async () => {
      for (const killAfterMs of [5, 25, 60, 120]) {
        const creates = ["sbox", "iso", "sbox", "iso"].map((group) =>
          host.api.post(`/hostgroup/${group}/nodes`, { json: {} }).catch(() => undefined),
        );
        await delay(killAfterMs);
        await host.daemon.kill();
        await Promise.all(creates);
        await host.start();
        await host.daemon.stop();
        assert.deepEqual(networksOf(host.dirs.runtime), [], `killed after ${killAfterMs} ms`);
        await host.start();
      }
    },
  );

  story("a VM that starts again has its address again", async () => {
    const address = await ipOf(host, isolated);
    const answer = await host.api.post(`/vm/${isolated}/relaunch`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(await ipOf(host, isolated), address);
    await until("its agent answers", async () => {
      const { status } = await host.api.get(`/vm/${isolated}/health`);
      return status === 200;
    });
    assert.match(await dial(host, isolated, there().one, there().port), /^from /);
    await remove(host, bridged, isolated);
  });
});

/** A daemon that adopted a VM says its process. */
function machinePidAfterRestart(host: TestHost, hostname: string): number {
  const adopted = host.daemon.events("vm.adopted").find((line) => line["hostname"] === hostname);
  assert.ok(adopted, `${hostname} was not adopted`);
  return Number(adopted["pid"]);
}
