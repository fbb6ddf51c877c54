/** What is read out of the packet filter, in a namespace that is gone with the test. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { runText } from "#process/run.ts";
import { never } from "#testing/fake-host.ts";

const ownNetwork = process.getuid?.() === 0 ? ["--net"] : ["--map-root-user", "--net"];

/** @returns what a function of nft-listing.ts says where these rules are loaded */
async function said(rules: string, call: string): Promise<unknown> {
  const module = JSON.stringify(new URL("nft-listing.ts", import.meta.url).href);
  const program = `const listing = await import(${module}); const never = new AbortController().signal; console.log(JSON.stringify(await listing.${call}));`;
  const script = `set -e\nnft -f - <<'END'\n${rules}\nEND\n"$0" --input-type=module -e "$1"\n`;
  const args = [...ownNetwork, "/bin/sh", "-c", script, process.execPath, program];
  return JSON.parse(await runText({ file: "unshare", args }, never));
}

function port(number: number) {
  return { first: number, last: number };
}

test("ports that rules name: one by one, in sets, in maps, and in ranges that lead elsewhere", async () => {
  const rules = `table inet other {
  set closed { type inet_service; elements = { 9001 } }
  map web { type inet_proto . inet_service : ipv4_addr . inet_service; elements = { tcp . 9002 : 10.0.0.1 . 80 } }
  chain pre { type nat hook prerouting priority dstnat; policy accept;
    tcp dport 9003 dnat ip to 10.0.0.2:8080
    udp dport 9004-9005 redirect to :53
    dnat ip to tcp dport map { 9006 : 10.0.0.3, 9007 : 10.0.0.4 }
  }
  chain in { type filter hook input priority filter; policy accept;
    tcp dport { 9008, 9009 } accept
    tcp dport 20000-30000 accept
    tcp sport 9010 accept
    meta mark 9011 accept
  }
}`;
  const named = [9001, 9002, 9003, 9006, 9007, 9008, 9009].map(port);
  const found = await said(rules, "portsNamed(never)");
  assert.ok(Array.isArray(found));
  const sorted = found.toSorted((one, other) => one.first - other.first);
  assert.deepEqual(
    sorted,
    [...named, { first: 9004, last: 9005 }].toSorted((one, other) => one.first - other.first),
  );
});

test("rules of an earlier daemon: what led where, and who was reached", async () => {
  const rules = `table inet alcove_net_test {
  set reached6 { typeof oifname . ip6 daddr; elements = { "vmtap4" . fc00::1 } }
  map redirects { typeof meta l4proto . th dport : ip daddr . th dport; elements = { tcp . 24000 : 172.16.4.2 . 22, udp . 24000 : 172.16.4.2 . 22 } }
  chain forward { type filter hook forward priority filter; policy accept; }
}`;
  const former = await said(rules, 'formerRules("alcove_net_test", never)');
  const target = { address: "172.16.4.2", hostPort: 24_000, vmPort: 22 };
  assert.deepEqual(former, {
    targets: [
      { ...target, tcp: true, udp: false },
      { ...target, tcp: false, udp: true },
    ],
    reached6: ["fc00::1"],
    chains: ["forward"],
  });
});

test("rules of an earlier daemon: where there are none, nothing", async () => {
  assert.deepEqual(await said("table inet other {}", 'formerRules("alcove_net_test", never)'), {
    targets: [],
    reached6: [],
    chains: [],
  });
});
