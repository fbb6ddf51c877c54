/** Aleph's own Python client against a node with real guests: it signs, sends, parses and judges. */

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { AlephClient, alephClientSuite, WALLETS } from "./harness/aleph-client.ts";
import { AlephNode, instanceContent, storiesOf } from "./harness/aleph-node.ts";
import { asObject } from "./harness/json-value.ts";
import { until } from "./harness/until.ts";

alephClientSuite("aleph client", () => {
  let node: AlephNode;
  let alice: AlephClient;
  let bob: AlephClient;
  let owner: string;
  let vm: string;

  before(async () => {
    node = await AlephNode.on();
    await node.host.open();
    alice = new AlephClient(node.url, WALLETS.alice);
    bob = new AlephClient(node.url, WALLETS.bob);
    owner = String(await alice.ask("address"));
  });
  after(async () => {
    await alice[Symbol.asyncDispose]();
    await bob[Symbol.asyncDispose]();
    await node.eraseAll();
    await node.host.close();
  });

  /** one story after the other: each goes on where the last one ended */
  const story = storiesOf("aleph client", () => node);

  const content = () => instanceContent(owner, node.addBaseImage());

  story("asks whether there is room", async () => {
    const { status, text } = await alice.status("reserve", { content: content() });
    assert.equal(status, 200, text);
    assert.match(text, /reserved/);
  });

  story("starts an instance that its owner has published", async () => {
    vm = await node.publish(alice, content());
    const { status, text } = await alice.vm("start_instance", vm);
    assert.equal(status, 200, text);
  });

  story("finds it in the list, with addresses and a port", async () => {
    const list = asObject(await alice.ask("crn", { call: "get_active_vms" }));
    const entry = asObject(list[vm]);
    assert.equal(entry["running"], true);
    const ports = asObject(asObject(entry["networking"])["mapped_ports"]);
    assert.equal(typeof asObject(ports["22"])["host"], "number");
    await alice.ask("crn", { call: "get_active_vms_v1" });
    await alice.ask("usage");
  });

  story("reads its log as it comes", async () => {
    const frames = await alice.ask("logs", { vm, until: "stdout", seconds: 60 });
    assert.ok(Array.isArray(frames));
    assert.equal(frames[0], '{"status": "connected"}');
    assert.ok(frames.length > 1, JSON.stringify(frames));
  });

  story("is told apart from another wallet", async () => {
    for (const call of ["stop_instance", "reboot_instance", "erase_instance", "expire_instance"]) {
      assert.deepEqual(await bob.vm(call, vm), { status: 403, text: "Unauthorized sender" }, call);
    }
  });

  story("reboots it", async () => {
    const { status, text } = await alice.vm("reboot_instance", vm);
    assert.equal(status, 200, text);
    assert.match(text, /^Rebooted VM with ref/);
  });

  story("backs it up", async () => {
    const { status, text } = await alice.status("backup", { vm });
    assert.equal(status, 200, text);
    const backup = asObject(JSON.parse(text));
    assert.match(String(backup["backup_id"]), /^[a-zA-Z0-9_-]+$/);
    const removed = await alice.vm("delete_backup", vm, { backup_id: backup["backup_id"] });
    assert.equal(removed.status, 200, removed.text);
  });

  story("installs it anew", async () => {
    const { status, text } = await alice.vm("reinstall_instance", vm);
    assert.equal(status, 200, text);
    const runs = async () => (await node.listed(vm))?.["running"] === true;
    await until("it runs again", runs);
  });

  story("does the same for a wallet of Solana's, and keeps it from others", async () => {
    await using carol = new AlephClient(node.url, WALLETS.bob, "SOL");
    const address = String(await carol.ask("address"));
    const own = await node.publish(carol, instanceContent(address, node.addBaseImage()));
    const started = await carol.vm("start_instance", own);
    assert.equal(started.status, 200, started.text);
    const frames = await carol.ask("logs", { vm: own, until: "stdout", seconds: 60 });
    assert.ok(Array.isArray(frames) && frames[0] === '{"status": "connected"}');
    for (const other of [alice, bob]) {
      const refused = { status: 403, text: "Unauthorized sender" };
      assert.deepEqual(await other.vm("stop_instance", own), refused);
    }
    const stopped = { status: 200, text: `Stopped VM with ref ${own}` };
    assert.deepEqual(await carol.vm("stop_instance", own), stopped);
    const again = { status: 200, text: `Starting VM (was not running) with ref ${own}` };
    assert.deepEqual(await carol.vm("reboot_instance", own), again);
    const erased = { status: 200, text: `Erased VM with ref ${own}` };
    assert.deepEqual(await carol.vm("erase_instance", own), erased);
  });

  story("stops it, and erases it", async () => {
    const stopped = await alice.vm("stop_instance", vm);
    assert.equal(stopped.status, 200, stopped.text);
    const again = await alice.vm("stop_instance", vm);
    assert.deepEqual(again, { status: 200, text: "Already stopped, nothing to do" });
    const erased = await alice.vm("erase_instance", vm);
    assert.equal(erased.status, 200, erased.text);
    assert.deepEqual(node.host.dirs.runDirs(), []);
  });
});
