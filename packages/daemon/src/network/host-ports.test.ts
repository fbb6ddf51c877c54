/** Ports of this host, as its sockets and its packet filter have them. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";

import { runText } from "#process/run.ts";
import { never } from "#testing/fake-host.ts";

import { HostPorts } from "./host-ports.ts";

const ports = new HostPorts({ hostIpv4: undefined, externalInterface: undefined });

/** in a namespace of its own, where nothing has a port and everybody is root */
const IN_NAMESPACE = ["--net", ...(process.getuid?.() === 0 ? [] : ["--map-root-user"])];

/** @returns what is said of port 24000 before, while and after somebody listens there, and with a rule that names it */
async function saidOfOnePort(): Promise<unknown> {
  const module = JSON.stringify(new URL("host-ports.ts", import.meta.url).href);
  const program = `
    const { HostPorts } = await import(${module});
    const { createServer } = await import("node:net");
    const { once } = await import("node:events");
    const { execFileSync } = await import("node:child_process");
    execFileSync("ip", ["link", "set", "lo", "up"]);
    const ports = new HostPorts({ hostIpv4: undefined, externalInterface: undefined });
    const isFree = () => ports.isFree(24000, new AbortController().signal);
    const said = [await isFree()];
    const server = createServer().listen(24000, "127.0.0.1");
    await once(server, "listening");
    said.push(await isFree());
    server.close();
    await once(server, "close");
    said.push(await isFree());
    const rules = "table ip other { chain pre { type nat hook prerouting priority dstnat; tcp dport 24000 dnat to 10.0.0.1:80; }; }";
    execFileSync("nft", ["-f", "-"], { input: rules });
    said.push(await isFree());
    console.log(JSON.stringify([said, ports.address()]));`;
  const args = [...IN_NAMESPACE, process.execPath, "--input-type=module", "-e", program];
  return JSON.parse(await runText({ file: "unshare", args }, never));
}

test("host ports: what nobody has is free, and may be used at once", async () => {
  assert.deepEqual(await saidOfOnePort(), [[true, false, true, false], "127.0.0.1"]);
});

test("host ports: a listener for IPv6 has the port, too", async () => {
  const server = createServer().listen(0, "::");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  assert.equal(await ports.isFree(address.port, never), false);
  server.close();
});

test("host ports: UDP counts as TCP does", async () => {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  assert.equal(await ports.isFree(socket.address().port, never), false);
  socket.close();
});

test("host ports: the host's address is what the operator says, or its device's", () => {
  const said = new HostPorts({ hostIpv4: "203.0.113.7", externalInterface: "lo" });
  assert.equal(said.address(), "203.0.113.7");
  const none = new HostPorts({ hostIpv4: undefined, externalInterface: "alcnone0" });
  assert.equal(none.address(), "127.0.0.1");
  const own = Object.values(networkInterfaces()).flatMap((it) => (it ?? []).map((a) => a.address));
  assert.ok(own.includes(ports.address()), ports.address());
});
