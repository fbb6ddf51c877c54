/** Who reaches whom: what stories about networks make, dial and listen at. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";

import { exec, sh } from "./exec.ts";
import { asObject, textIn } from "./json-value.ts";
import type { TestHost } from "./test-host.ts";
import { until } from "./until.ts";

export async function create(host: TestHost, group: string, body: object = {}): Promise<string> {
  const query = { wait: "agent", timeout: "2m0s" };
  const answer = await host.api.post(`/hostgroup/${group}/nodes`, { query, json: body });
  assert.equal(answer.status, 201, answer.text);
  return textIn(answer.json, "hostname");
}

export async function remove(host: TestHost, ...hostnames: readonly string[]): Promise<void> {
  for (const hostname of hostnames) {
    const [group] = hostname.split("-");
    const answer = await host.api.delete(`/hostgroup/${group}/nodes/${hostname}`);
    assert.equal(answer.status, 200, answer.text);
  }
}

export async function ipOf(host: TestHost, hostname: string): Promise<string> {
  return textIn(asObject(await host.node(hostname)), "ip");
}

/** @returns what a service says to the guest, "refused" when somebody said no, "silence" when nobody answered */
export async function dial(host: TestHost, hostname: string, address: string, port: number) {
  const read = `exec 3<>/dev/tcp/${address}/${port} && cat <&3`;
  const { stdout, stderr, exitCode } = await exec(host.api, hostname, {
    cmd: `timeout 3 bash -c '${read}'`,
    shell: "/bin/sh",
  });
  if (exitCode === 0) return stdout.toString().trim();
  return /refused|No route to host|Network is unreachable|Permission denied/.test(stderr.toString())
    ? "refused"
    : "silence";
}

export async function pings(
  host: TestHost,
  hostname: string,
  address: string,
  from = "",
): Promise<boolean> {
  const cmd = `ping -c 1 -W 2 ${from === "" ? "" : `-I ${from}`} ${address}`;
  return (await exec(host.api, hostname, { cmd, shell: "/bin/sh" })).exitCode === 0;
}

/** A service in the guest, reached from the host. */
export async function greetingFrom(
  host: TestHost,
  hostname: string,
  address: string,
): Promise<string> {
  const perl = `use IO::Socket::IP; my $s = IO::Socket::IP->new(Listen => 1, LocalHost => "::", LocalPort => 7000, V6Only => 0, GetAddrInfoFlags => 0) or die; while (my $c = $s->accept) { print $c "from the guest\\n"; close $c }`;
  await sh(host.api, hostname, `setsid perl -e '${perl}' > /dev/null 2>&1 < /dev/null &`);
  return until(`${hostname} greets at ${address}`, async () => {
    const socket = connect({ host: address, port: 7000, timeout: 2_000 });
    try {
      return await text(socket);
    } catch {
      return undefined; // not listening yet
    } finally {
      socket.destroy();
    }
  });
}

/** A service on all addresses of the host. */
export async function openGreeter() {
  const server = createServer((socket) => {
    socket.on("error", () => {}); // the guest may leave first
    socket.end("from the host\n");
  });
  server.listen(0, "::");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { port: address.port, [Symbol.asyncDispose]: async () => void server.close() };
}
