/**
 * IPv6 in bridge and isolated networks with real guests, on a host that has it.
 *
 * Said as in networks.e2e.ts: "refused" at once, "silence" for what vanishes, with the true address tried before and after.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { sh } from "./harness/exec.ts";
import { networksOf } from "./harness/host-networks.ts";
import {
  neighbourAdvertisement,
  routerAdvertisement,
  sendFrame,
} from "./harness/neighbour-frames.ts";
import { Outside } from "./harness/outside.ts";
import { create, dial, greetingFrom, ipOf, openGreeter, pings, remove } from "./harness/reach.ts";
import { suite, type TestHost } from "./harness/test-host.ts";

/** Networks of their own for each run of this file. */
const place = 20 + (process.pid % 200);
const NETWORK = `10.${place}.8`;
const RANGE = `10.${place}.12.0/22`;
/** how the addresses of the guests at .10 and .15 end */
const [GATEWAY6, ONE6, OTHER6] = [1, 10, 15].map(
  (last) => `a${place.toString(16).padStart(2, "0")}:8${last.toString(16).padStart(2, "0")}`,
);

const directory = mkdtempSync(path.join(tmpdir(), "alcove-networks-ipv6-"));
const file = path.join(directory, "alcove.yaml");
const SETTINGS = { ALCOVE_CONFIG: file, ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" };

const outside: { host: Outside | undefined } = { host: undefined };

function there(): Outside {
  assert.ok(outside.host, "the outside is not open");
  return outside.host;
}

before(async () => {
  if (process.getuid?.() === 0) outside.host = await Outside.open();
  const bridge = `{ mode: bridge, gateway: ${NETWORK}.1/24, range: ${NETWORK}.10-${NETWORK}.20 }`;
  const dropped = outside.host?.other6 ?? "2001:db8::9";
  const isolated = `{ mode: isolated, range: ${RANGE}, drop: ["${dropped}"] }`;
  const groups = Object.entries({ sbox: bridge, iso: isolated }).map(
    ([name, network]) =>
      `    - { name: ${name}, count: 0, vcpu: 1, ram_mb: 256, network: ${network} }\n`,
  );
  const api = "  api: { auth: { enabled: true } }\n";
  writeFileSync(file, `config:\n${api}  host_groups:\n${groups.join("")}`);
});
after(async () => {
  await outside.host?.close();
  rmSync(directory, { recursive: true });
});

/** The guest's one address of IPv6 that is not its link's own. */
async function ipv6Of(host: TestHost, vm: string): Promise<string> {
  const lines = await sh(host.api, vm, "ip -6 -o addr show dev eth0 scope global");
  const [, address = "", flags = ""] =
    /inet6 ([0-9a-f:]+)\/\d+ scope global ?(.*?)\\/.exec(lines) ?? [];
  assert.ok(address !== "" && !flags.includes("tentative"), lines);
  return address;
}

/** What a guest's kernel has taken in so far of one kind of message. */
async function taken(host: TestHost, vm: string, kind: string): Promise<number> {
  return Number(
    await sh(host.api, vm, `awk '$1 == "Icmp6In${kind}" { print $2 }' /proc/net/snmp6`),
  );
}

suite("network bridge with IPv6", SETTINGS, (host, story) => {
  let [one, other] = ["", ""];
  let [address, otherAddress, gateway] = ["", "", ""];

  story(
    "a guest has an address that ends in its IPv4 address, and may use it at once",
    async () => {
      one = await create(host, "sbox");
      address = await ipv6Of(host, one);
      assert.match(address, /^fda1:c0[0-9a-f]{2}:/);
      assert.ok(address.endsWith(`:${ONE6}`), `${address} ends in ${ONE6}`);
      assert.ok(
        (await sh(host.api, one, "ip -6 route")).includes(`${GATEWAY6?.slice(0, -2)}00/120 dev`),
      );
      gateway = address.replace(ONE6 ?? "", GATEWAY6 ?? "");
      const route = await sh(host.api, one, "ip -6 route show default");
      assert.ok(route.startsWith(`default via ${gateway} dev eth0`), route);
    },
  );

  story("guests reach each other, and the host reaches them", async () => {
    other = await create(host, "sbox", { ip: `${NETWORK}.15/24` });
    otherAddress = await ipv6Of(host, other);
    assert.equal(otherAddress, address.replace(ONE6 ?? "", OTHER6 ?? ""));
    assert.ok(await pings(host, one, otherAddress));
    assert.equal(await greetingFrom(host, other, otherAddress), "from the guest\n");
    assert.equal(await dial(host, one, otherAddress, 7000), "from the guest");
  });

  story("a guest reaches the world under the host's address", async () => {
    const { one6, port, hostThere6 } = there();
    assert.equal(await dial(host, one, one6, port), `from ${hostThere6} to ${one6} ${port}`);
  });

  story(
    "the gateway answers, and the host's own services are refused on every address",
    async () => {
      await using greeter = await openGreeter();
      assert.ok(await pings(host, one, gateway));
      for (const it of [gateway, there().hostThere6, "fe80::1%eth0"]) {
        assert.equal(await dial(host, one, it, greeter.port), "refused", it);
      }
    },
  );

  story("what a guest sends from an address that is not its own gets nowhere", async () => {
    const wrong = address.replace(ONE6 ?? "", "a63:63");
    assert.ok(await pings(host, one, otherAddress, address));
    await sh(host.api, one, `ip addr add ${wrong}/64 dev eth0 nodad`);
    assert.equal(await pings(host, one, otherAddress, wrong), false);
    assert.equal(await pings(host, one, gateway, wrong), false);
    await sh(host.api, one, `ip addr del ${wrong}/64 dev eth0`);
    assert.ok(await pings(host, one, otherAddress));
  });

  story("it answers for its own address only, and is nobody's router", async () => {
    const mac = await sh(host.api, one, "cat /sys/class/net/eth0/address");
    const sender = { mac, address };
    const times = 40;
    const comesThrough = async (kind: string, frame: Buffer) => {
      const known = await taken(host, other, kind);
      await sendFrame(host, one, frame, times);
      return (await taken(host, other, kind)) - known >= times;
    };
    const answers = "NeighborAdvertisements";
    assert.equal(await comesThrough(answers, neighbourAdvertisement(sender, address)), true);
    assert.equal(await comesThrough(answers, neighbourAdvertisement(sender, gateway)), false);
    const asOther = { mac, address: otherAddress };
    assert.equal(await comesThrough(answers, neighbourAdvertisement(asOther, address)), false);
    for (const hidden of [false, true]) {
      await sendFrame(host, one, routerAdvertisement(sender, hidden), times);
    }
    assert.equal(await taken(host, other, "RouterAdvertisements"), 0);
    assert.match(
      await sh(host.api, other, `ip neigh show ${gateway}; ping -c 1 ${gateway}`),
      / 0% /,
    );
    await remove(host, one, other);
  });

  story("nothing of it stays when the VMs are gone", async () => {
    const bridges = networksOf(host.dirs.runtime).filter((it) =>
      /^alc[0-9a-f]{6}[tv]\d+$/.test(it),
    );
    assert.deepEqual(bridges, []);
  });
});

suite("network isolated with IPv6", SETTINGS, (host, story) => {
  let one = "";
  let ip = "";

  /** the outer address of an isolated VM, as the host reaches it */
  async function outerOf(vm: string): Promise<string> {
    const [a = 0, b = 0, c = 0, d = 0] = (await ipOf(host, vm)).split(".").map(Number);
    const tail = [a * 256 + b, c * 256 + d].map((group) => group.toString(16)).join(":");
    const tag =
      networksOf(host.dirs.runtime)
        .join(" ")
        .match(/alcove-([0-9a-f]{6})-/)?.[1] ?? "";
    return `fda1:c0${tag.slice(0, 2)}:${tag.slice(2).replace(/^0+/, "")}:ffff::${tail}`;
  }

  story("the host reaches a guest at the IPv6 address of its link", async () => {
    one = await create(host, "iso");
    ip = await outerOf(one);
    assert.equal(await ipv6Of(host, one), "fd00:a1c0:7e:ffff::2");
    assert.equal(await greetingFrom(host, one, ip), "from the guest\n");
    assert.ok(await pings(host, one, "fd00:a1c0:7e:ffff::1"));
  });

  story("it reaches the world under the host's address, but for what its group drops", async () => {
    const { one6, other6, port, hostThere6 } = there();
    assert.equal(await dial(host, one, one6, port), `from ${hostThere6} to ${one6} ${port}`);
    assert.equal(await dial(host, one, other6, port), "refused");
  });

  story("the host, its networks and other VMs are refused", async () => {
    await using greeter = await openGreeter();
    const bridged = await create(host, "sbox");
    const bridgedIp = await ipv6Of(host, bridged);
    const other = await create(host, "iso");
    const otherIp = await outerOf(other);
    assert.equal(await greetingFrom(host, other, otherIp), "from the guest\n");
    const { hostThere6, near6, port } = there();
    const link = ip.replace(/[0-9a-f]$/, (last) => (Number.parseInt(last, 16) - 1).toString(16));
    for (const it of [link, bridgedIp.replace(/:8[0-9a-f]{2}$/, ":801"), hostThere6]) {
      assert.equal(await dial(host, one, it, greeter.port), "refused", it);
    }
    assert.equal(await dial(host, one, "fe80::1%eth0", greeter.port), "silence");
    assert.equal(await dial(host, one, near6, port), "refused");
    assert.equal(await dial(host, one, otherIp, 7000), "refused");
    assert.equal(await pings(host, one, bridgedIp), false);
    assert.equal(await dial(host, bridged, otherIp, 7000), "silence");
    await remove(host, bridged, other);
  });

  story("a false address leads nowhere", async () => {
    const { one6, port } = there();
    const wrong = "fd00:a1c0:7e:ffff::99";
    const by = "ip -6 route replace default via fd00:a1c0:7e:ffff::1";
    await sh(host.api, one, `ip addr add ${wrong}/64 dev eth0 nodad; ${by} src ${wrong}`);
    assert.equal(await dial(host, one, one6, port), "silence");
    await sh(host.api, one, `${by}; ip addr del ${wrong}/64 dev eth0`);
    assert.match(await dial(host, one, one6, port), /^from /);
    await remove(host, one);
  });

  story("an allow list of IPv6 opens what it says, and closes IPv4, too", async () => {
    const { one: ipv4, one6, other6, near6, port, otherPort } = there();
    const network = { allow: [`[${one6}]:${port}`, `[${near6}/128]:${port}`], drop: [] };
    const vm = await create(host, "iso", { network });
    assert.match(await dial(host, vm, one6, port), /^from /);
    assert.match(await dial(host, vm, near6, port), /^from /);
    assert.equal(await dial(host, vm, one6, otherPort), "refused");
    assert.equal(await dial(host, vm, other6, port), "refused");
    assert.equal(await dial(host, vm, ipv4, port), "refused");
    await remove(host, vm);
  });

  story("who drops all of IPv4 has dropped IPv6 as well", async () => {
    const { one6, port } = there();
    const network = { allow: [], drop: ["0.0.0.0/0"] };
    const vm = await create(host, "iso", { network });
    assert.equal(await dial(host, vm, one6, port), "refused");
    await remove(host, vm);
  });
});
