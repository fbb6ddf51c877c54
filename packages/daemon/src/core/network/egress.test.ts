import assert from "node:assert/strict";
import { test } from "node:test";

import { boundsOf, parseCidr, parseIpv4 } from "#lib/ipv4.ts";
import { contains6, parseCidr6 } from "#lib/ipv6.ts";

import { type Egress, egressFor, MAX_ENTRIES, policyFor, policyProblems } from "./egress.ts";

const AROUND = { hostNetworks: ["198.51.100.1/24"], dns: ["8.8.8.8"] };

/** What the rules say of one connection, as the packet filter reads them. */
function verdict({ rules, otherwise }: Egress, to: string, port = 80): string {
  const rule = rules.find(
    (one) => isIn(to, one.cidr) && (one.port === undefined || one.port === port),
  );
  return rule?.verdict ?? otherwise;
}

function isIn(to: string, cidr: string): boolean {
  const [one, network] = [parseCidr6(`${to}/128`), parseCidr6(cidr)];
  if (one && network) return contains6(network, one);
  const address = parseIpv4(to) ?? -2;
  const [first, last] = boundsOf(parseCidr(cidr) ?? { address: -1, prefix: 32 });
  return address >= first && address <= last;
}

const OUTSIDE = "203.0.113.7";
const OTHER = "203.0.113.8";
const OUTSIDE6 = "2001:db8::7";
const OTHER6 = "2001:db8::8";

for (const [lists, toOne, toOther] of [
  [{ allow: [], drop: [] }, "accept", "accept"],
  [{ allow: [], drop: [`${OUTSIDE}/32`] }, "reject", "accept"],
  [{ allow: [OUTSIDE], drop: [] }, "accept", "reject"],
  [{ allow: [OUTSIDE], drop: ["0.0.0.0/0"] }, "accept", "reject"],
  [{ allow: [OUTSIDE], drop: ["192.0.2.0/24"] }, "accept", "accept"],
] as const) {
  test(`egress: with ${JSON.stringify(lists)} one is ${toOne}ed, another ${toOther}ed`, () => {
    const egress = egressFor(lists, AROUND);
    assert.equal(verdict(egress, OUTSIDE), toOne);
    assert.equal(verdict(egress, OTHER), toOther);
  });
}

for (const [lists, toOne, toOther] of [
  [{ allow: [], drop: [] }, "accept", "accept"],
  [{ allow: [], drop: [`${OUTSIDE6}/128`] }, "reject", "accept"],
  [{ allow: [OUTSIDE6], drop: [] }, "accept", "reject"],
  [{ allow: [`[${OUTSIDE6}]:80`], drop: ["::/0"] }, "accept", "reject"],
  [{ allow: [OUTSIDE], drop: [] }, "reject", "reject"],
  [{ allow: [], drop: ["0.0.0.0/0"] }, "reject", "reject"],
  [{ allow: [], drop: ["0.0.0.0/0:443"] }, "accept", "accept"],
] as const) {
  test(`egress: with ${JSON.stringify(lists)} one of IPv6 is ${toOne}ed, another ${toOther}ed`, () => {
    const egress = egressFor(lists, AROUND);
    assert.equal(verdict(egress, OUTSIDE6), toOne);
    assert.equal(verdict(egress, OTHER6), toOther);
    assert.equal(verdict(egress, "fd00::1"), "reject");
  });
}

test("egress: all of IPv6 that is not the world is local, and so are the host's networks in the world", () => {
  const around = { hostNetworks: ["2001:db8:5::1/64"], dns: ["fd00::53", "2001:db8:5::53"] };
  const egress = egressFor({ allow: ["::/0", "[fd00::9]:5432"], drop: [] }, around);
  const local = ["fe80::1", "fd12::1", "ff02::1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"];
  for (const address of [...local, "2001:db8:5::99", "fd00::53"]) {
    assert.equal(verdict(egress, address, 53), "reject", address);
  }
  assert.equal(verdict(egress, "fd00::9", 5432), "accept");
  assert.equal(verdict(egress, OUTSIDE6), "accept");
  const open = egressFor({ allow: [], drop: [] }, around);
  assert.equal(verdict(open, "fd00::53", 53), "accept");
  assert.equal(verdict(open, "fd00::53", 80), "reject");
  assert.equal(verdict(open, "2001:db8:5::53", 53), "accept");
});

test("egress: an entry with a port opens that port and no other", () => {
  const egress = egressFor({ allow: [`${OUTSIDE}:443`], drop: [] }, AROUND);
  assert.equal(verdict(egress, OUTSIDE, 443), "accept");
  assert.equal(verdict(egress, OUTSIDE, 80), "reject");
});

test("egress: private networks and those of the host are closed, whatever is allowed in general", () => {
  const local = ["10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.169.254", "100.100.0.1"];
  for (const policy of [
    { allow: [], drop: [] },
    { allow: ["0.0.0.0/0"], drop: [] },
    { allow: ["0.0.0.0/0"], drop: [OUTSIDE] },
  ]) {
    const egress = egressFor(policy, AROUND);
    for (const address of [...local, "198.51.100.9"]) {
      assert.equal(verdict(egress, address), "reject", address);
    }
  }
});

test("egress: an entry inside the local network opens just that", () => {
  const egress = egressFor({ allow: ["192.168.1.7:5432", "198.51.100.9"], drop: [] }, AROUND);
  assert.equal(verdict(egress, "192.168.1.7", 5432), "accept");
  assert.equal(verdict(egress, "192.168.1.7", 22), "reject");
  assert.equal(verdict(egress, "192.168.1.8", 5432), "reject");
  assert.equal(verdict(egress, "198.51.100.9"), "accept");
});

test("egress: name servers in the local network can be asked, unless only what is allowed is open", () => {
  const around = { ...AROUND, dns: ["192.168.1.1"] };
  const open = egressFor({ allow: [], drop: [OUTSIDE] }, around);
  assert.equal(verdict(open, "192.168.1.1", 53), "accept");
  assert.equal(verdict(open, "192.168.1.1", 80), "reject");
  const closed = egressFor({ allow: [OUTSIDE], drop: [] }, around);
  assert.equal(verdict(closed, "192.168.1.1", 53), "reject");
});

test("egress: a VM's own list replaces its group's; an empty one clears it", () => {
  const group = { allow: ["1.1.1.1"], drop: ["2.2.2.2"] };
  assert.deepEqual(policyFor(group, undefined), group);
  assert.deepEqual(policyFor(group, { allow: undefined, drop: [] }), {
    allow: ["1.1.1.1"],
    drop: [],
  });
  assert.deepEqual(policyFor(group, { allow: ["3.3.3.3"], drop: undefined }), {
    allow: ["3.3.3.3"],
    drop: ["2.2.2.2"],
  });
});

test("egress: addresses, networks and ports are understood, also of IPv6", () => {
  const good = [
    "1.2.3.4",
    "1.2.3.4/32",
    "1.2.3.4:80",
    "10.0.0.0/8:443",
    "::/0",
    "fd00::1",
    "[::1]:80",
    "[2001:db8::]",
    "[2001:db8::/32]:443",
    "::ffff:1.2.3.4",
  ];
  assert.deepEqual(policyProblems(good), []);
  const egress = egressFor({ allow: [], drop: ["::/0", "2001:db8::/32"] }, AROUND);
  assert.equal(verdict(egress, OUTSIDE), "accept");
});

for (const bad of [
  "",
  "example.com",
  "1.2.3.4:0",
  "1.2.3.4:65536",
  "1.2.3/8",
  "1.2.3.4/33",
  ":80",
  "::/129",
  "[::1",
  "[::1]:0",
  "[1.2.3.4]:80",
  "fe80::1%eth0",
  "::1:443/x",
  "1.2.3.4; drop",
]) {
  test(`egress: "${bad}" is refused, and said what it may be`, () => {
    const [problem, ...more] = policyProblems([bad]);
    assert.ok(problem?.startsWith(`"${bad}" is no address, CIDR or address:port`));
    assert.deepEqual(more, []);
  });
}

test("egress: a list has an end", () => {
  const many = Array.from({ length: MAX_ENTRIES + 1 }, () => "1.1.1.1");
  assert.deepEqual(policyProblems(many), ["at most 256 entries"]);
});
