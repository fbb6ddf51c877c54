/**
 * What a node finds when it looks at itself, with a real guest and a real HAProxy.
 *
 * The world that is looked for is this host's loopback, which its guests have one of their own of: that a guest
 * reaches the world is the networks' story.
 */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, it } from "node:test";

import { AlephNode, alephNodeSuite, freePort } from "./harness/aleph-node.ts";
import { asObject } from "./harness/json-value.ts";
import { until } from "./harness/until.ts";

alephNodeSuite("aleph checks", () => {
  let node: AlephNode;
  let world: Server;
  let proxyPort: number;
  const asked: string[] = [];

  before(async () => {
    const worldPort = await freePort();
    proxyPort = await freePort();
    world = createServer((request, answer) => {
      asked.push(request.url ?? "");
      answer.end();
    }).listen(worldPort, "::1");
    node = await AlephNode.on({
      ALEPH_VM_CONNECTIVITY_IPV6_URL: `http://[::1]:${worldPort}/look`,
      ALEPH_VM_ENABLE_HAPROXY: "true",
      ALEPH_VM_HAPROXY_HTTP_PORT: String(proxyPort),
      ALEPH_VM_HAPROXY_HTTPS_PORT: String(await freePort()),
      ALEPH_VM_HAPROXY_SSH_PORT: String(await freePort()),
    });
    await node.host.open();
  });
  after(async () => {
    world.close();
    await node.host.close();
  });

  it("aleph checks: a guest is made to look for the world, once for all who ask, and is gone afterwards", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => node.api.get("/status/check/ipv6")));
    for (const { text } of answers) assert.deepEqual(JSON.parse(text), { host: true, vm: false });
    assert.deepEqual(asked, ["/look"]);
    assert.equal(node.host.daemon.events("guest.ready").length, 1);
    await until("no VM is left", () => node.host.dirs.vmDirs().length === 0);
  });

  it("aleph checks: the host says what it has", async () => {
    const usage = asObject((await node.api.get("/about/usage/system")).json);
    assert.ok(Number(asObject(usage["mem"])["total_kB"]) > 0);
    assert.ok(Number(asObject(usage["disk"])["available_kB"]) > 0);
    const { cpu } = asObject((await node.api.get("/about/capability")).json);
    assert.equal(asObject(cpu)["count"], asObject(usage["cpu"])["count"]);
  });

  it("aleph checks: what HAProxy has for nobody goes to the node", async () => {
    const answer = await fetch(`http://127.0.0.1:${proxyPort}/status/check/version?reference=1.0`);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^Up-to-date: version .* >= 1\.0$/);
    const debug = asObject((await node.api.get("/debug/haproxy")).json);
    assert.deepEqual(debug["mappings"], { bk_http: {}, bk_ssl: {}, bk_ssh: {} });
    const again = await node.asAdmin("POST", "/control/proxy/regenerate");
    assert.equal(again.status, 200, again.text);
  });
});
