/** Suspended VMs with networks of the host: what was made for them there goes, and is made again. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { sh } from "./harness/exec.ts";
import { networksOf } from "./harness/host-networks.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

/** Networks of their own for each run of this file. */
const place = 20 + (process.pid % 200);

const directory = mkdtempSync(path.join(tmpdir(), "alcove-suspend-networks-"));
const file = path.join(directory, "alcove.yaml");
const SETTINGS = { ALCOVE_CONFIG: file, ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" };

before(() => {
  const bridge = `{ mode: bridge, gateway: 10.${place}.100.1/24, range: 10.${place}.100.10-10.${place}.100.20 }`;
  const isolated = `{ mode: isolated, range: 10.${place}.104.0/22 }`;
  const groups = Object.entries({ sbox: bridge, iso: isolated }).map(
    ([name, network]) =>
      `    - { name: ${name}, count: 0, vcpu: 1, ram_mb: 256, network: ${network} }\n`,
  );
  const api = "  api: { auth: { enabled: true } }\n";
  writeFileSync(file, `config:\n${api}  host_groups:\n${groups.join("")}`);
});
after(() => rmSync(directory, { recursive: true }));

/** where the host has IPv6; fails when it does not answer */
const PING_ROUTER =
  'router=$(ip -6 route show default | cut -d " " -f 3); [ -z "$router" ] || ping -c 1 -W 5 "$router"';

/** Whether the guest refuses a connection to a port where nobody listens: then it was reached. */
async function answers(ip: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: ip, port: 9, timeout: 1_000 });
  socket.on("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED"));
  socket.on("timeout", () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

suite("suspend with networks", SETTINGS, (host, story) => {
  const asRoot = process.getuid?.() === 0;

  for (const group of asRoot ? ["sbox", "iso"] : []) {
    story(`a VM of group ${group} is reached again at its address after a restore`, async () => {
      const query = { wait: "agent", timeout: "2m0s" };
      const made = await host.api.post(`/hostgroup/${group}/nodes`, { query, json: {} });
      assert.equal(made.status, 201, made.text);
      const vm = textIn(made.json, "hostname");
      const ip = async () => textIn(asObject(await host.node(vm)), "ip");
      const address = await ip();
      await until(`${vm} answers`, () => answers(address));
      const inside = await sh(host.api, vm, "ip -4 -o address show eth0; ip route");

      const onHost = networksOf(host.dirs.runtime).toSorted();
      for (let round = 0; round < 2; round += 1) {
        assert.equal((await host.api.post(`/vm/${vm}/suspend`)).status, 200);
        assert.equal(await answers(address), false);
        assert.ok(networksOf(host.dirs.runtime).length < onHost.length, "nothing was given back");
        const restored = await host.api.post(`/vm/${vm}/restore`, { query });
        assert.equal(restored.status, 200, restored.text);
        assert.equal(await ip(), address);
        assert.deepEqual(networksOf(host.dirs.runtime).toSorted(), onHost);
        assert.equal(await sh(host.api, vm, "ip -4 -o address show eth0; ip route"), inside);
        await until(`${vm} answers again`, () => answers(address));
        await sh(host.api, vm, PING_ROUTER);
      }

      assert.equal((await host.api.post(`/vm/${vm}/suspend`)).status, 200);
      const gone = await host.api.delete(`/hostgroup/${group}/nodes/${vm}`);
      assert.equal(gone.status, 200, gone.text);
    });
  }
});
