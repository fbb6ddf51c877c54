/**
 * Networks as a guest sees them: `user`, which needs no privilege on the host, and `none`.
 *
 * What lies beyond the host is out of sight here: a machine that runs tests may have no network.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";

import { exec, sh } from "./harness/exec.ts";
import { asObject } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";

suite("network user", {}, (host, story) => {
  let vm = "";

  story("the guest has its address, a default route, a name server and its name", async () => {
    vm = await host.createVm();
    const { ip } = asObject(await host.node(vm));
    const addresses = await sh(host.api, vm, "ip -4 -o addr show dev eth0");
    assert.ok(addresses.includes(`inet ${String(ip)}/28 `), addresses);
    const route = await sh(host.api, vm, "ip route show default");
    assert.match(route, /^default via 10\.233\.\d+\.\d+ dev eth0/);
    const resolv = await sh(host.api, vm, "cat /etc/resolv.conf");
    assert.match(resolv, /^nameserver 10\.233\.\d+\.\d+$/m);
    assert.equal(await sh(host.api, vm, "hostname; getent hosts $(hostname) | wc -l"), `${vm}\n1`);
  });

  story(
    "the gateway answers, and leads to the host's own services only when nothing guards them",
    async () => {
      await using server = await openGreeter();
      const route = await sh(host.api, vm, "ip route show default");
      const gateway = /via (\S+)/.exec(route)?.[1] ?? "";
      const read = `exec 3<>/dev/tcp/${gateway}/${server.port}; cat <&3`;
      const { stdout } = await exec(host.api, vm, {
        cmd: `timeout 5 bash -c '${read}'`,
        shell: "/bin/sh",
      });
      const unguarded = host.daemon.events("network.host_not_guarded").length > 0;
      assert.equal(stdout.toString(), unguarded ? GREETING : "");
      assert.equal(server.visits, unguarded ? 1 : 0);
      const neighbours = await sh(host.api, vm, "ip neigh show dev eth0");
      assert.match(neighbours, new RegExp(`^${gateway} lladdr `, "m"));
      await host.deleteVm(vm);
    },
  );
});

suite("network none", { ALCOVE_GROUP_NETWORK: "none" }, (host, story) => {
  story("the guest has the loopback and nothing else, and can be used", async () => {
    const hostname = await host.createVm();
    assert.equal(await sh(host.api, hostname, "ls /sys/class/net"), "lo");
    assert.equal(await sh(host.api, hostname, "ip -4 -o addr show dev lo | wc -l"), "1");
    await host.deleteVm(hostname);
  });
});

const GREETING = "hello from the host\n";

/** A service on the host's loopback. */
async function openGreeter() {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.on("error", () => {}); // the guest may leave first
    socket.end(GREETING);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    port: address.port,
    get visits() {
      return visits;
    },
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}
