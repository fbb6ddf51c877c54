import assert from "node:assert/strict";
import { test } from "node:test";

import { defaultAdapterIn, establishedIn, linuxMeter } from "./linux-meter.ts";

const HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
const LAN = "eth1\t0009A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0";
const SLOW = "wlan0\t00000000\t0109A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0";
const FAST = "eth1\t00000000\t0109A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0";
const DOWN = "eth9\t00000000\t0109A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0";
/** the lower half of all addresses, as VPNs have it */
const HALF = "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0";

test("linux meter: the default route with the lowest metric leads out, if it is up", () => {
  const table = [HEAD, DOWN, HALF, LAN, SLOW, FAST, ""].join("\n");
  assert.equal(defaultAdapterIn(table), "eth1");
  assert.equal(defaultAdapterIn([HEAD, LAN, ""].join("\n")), undefined);
  assert.equal(defaultAdapterIn(""), undefined);
});

test("linux meter: established connections are found by their name", () => {
  const snmp =
    "Ip: Forwarding\nIp: 1\nTcp: RtoMin MaxConn CurrEstab InSegs\nTcp: 200 -1 17 99\nUdp: In\nUdp: 4\n";
  assert.equal(establishedIn(snmp), 17);
  assert.equal(establishedIn(""), 0);
});

test("linux meter: this machine can be read", async () => {
  const { loadAverages, openFiles, openConnections, egress } = await linuxMeter("lo").read();
  assert.equal(loadAverages.length, 3);
  assert.ok(openFiles > 0);
  assert.ok(openConnections >= 0);
  assert.equal(egress?.adapter, "lo");
  assert.ok(egress.sentBytes >= 0 && egress.receivedBytes >= 0);
});

test("linux meter: an adapter that is not there sends nothing", async () => {
  assert.equal((await linuxMeter("alcove-none").read()).egress, undefined);
});
