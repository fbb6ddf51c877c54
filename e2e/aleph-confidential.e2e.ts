/** A confidential instance from its message to its secret, by Aleph's own Python client and sevctl, against a node that plays SEV. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { launchDigest } from "../packages/daemon/src/core/aleph/confidential/measurement.ts";
import { AlephClient, alephClientSuite, WALLETS } from "./harness/aleph-client.ts";
import { AlephNode, instanceContent, storiesOf } from "./harness/aleph-node.ts";
import { asObject, type JsonObject, textIn } from "./harness/json-value.ts";
import { until } from "./harness/until.ts";
import { FIRMWARE, grubDisk } from "./parts/grub-disk.ts";

const POLICY = 1;
const PASSPHRASE = "hunter2";

function firmwareHash(file = FIRMWARE): string {
  return launchDigest(readFileSync(file)).toString("hex");
}

alephClientSuite("aleph confidential", () => {
  let node: AlephNode;
  let alice: AlephClient;
  let scratch: string;
  let parent: string;
  let vm: string;
  let keys: string;
  let measured: JsonObject;

  before(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), "aleph-confidential-"));
    node = await AlephNode.on({
      ALEPH_VM_ENABLE_CONFIDENTIAL_COMPUTING: "true",
      ALEPH_VM_CONFIDENTIAL_BACKEND: "simulated",
      ALCOVE_TEMPLATES: "off",
      // Taps are the host's: whoever else tests on it has others.
      ALEPH_VM_START_ID_INDEX: String(100 + (process.pid % 3900)),
    });
    await node.host.open();
    alice = new AlephClient(node.url, WALLETS.alice);
    parent = node.addFile(await grubDisk(scratch, 48, "hd2"));
  });
  after(async () => {
    await alice[Symbol.asyncDispose]();
    await node.eraseAll();
    await node.host.close();
    await rm(scratch, { recursive: true });
  });

  /** one story after the other: each goes on where the last one ended */
  const story = storiesOf("aleph confidential", () => node);

  /** Has an instance started with this firmware. @returns its hash */
  async function waiting(firmware: string): Promise<string> {
    const content = instanceContent(String(await alice.ask("address")), parent);
    const environment = {
      ...asObject(content["environment"]),
      trusted_execution: { policy: POLICY, firmware: node.addFile(firmware) },
    };
    const hash = await node.publish(alice, { ...content, environment });
    const { status, text } = await alice.vm("start_instance", hash);
    assert.equal(status, 200, text);
    return hash;
  }

  /** @returns the directory with the keys of a new launch */
  async function session(): Promise<string> {
    const { file } = await alice.object("certificates");
    const made = await alice.object("session", { certificates: file, policy: POLICY });
    return textIn(made, "directory");
  }

  story("the node says that it only plays", async () => {
    const config = asObject((await node.api.get("/status/config")).json);
    assert.match(JSON.stringify(config), /"CONFIDENTIAL_COMPUTING_IS_SIMULATED":true/);
    const capability = asObject((await node.api.get("/about/capability")).json);
    const { features } = asObject(capability["cpu"]);
    assert.ok(Array.isArray(features) && !features.includes("sev"));
  });

  story("an instance waits for its owner's session, and nothing runs", async () => {
    vm = await waiting(FIRMWARE);
    assert.notEqual(await node.listed(vm), undefined);
    assert.deepEqual(node.host.dirs.runDirs(), []);
  });

  story("a session for another policy is refused", async () => {
    const { file } = await alice.object("certificates");
    const other = await alice.object("session", { certificates: file, policy: POLICY + 2 });
    await assert.rejects(alice.ask("initialize", { vm, directory: other["directory"] }), /400/);
    keys = await session();
  });

  story("with its owner's session it starts, and stands still", async () => {
    const answer = await alice.ask("initialize", { vm, directory: keys });
    assert.equal(answer, `Started VM with ref ${vm}`);
    measured = await alice.object("measure", { vm });
    const judge = { measurement: measured, tik: path.join(keys, "vm_tik.bin") };
    assert.equal(await alice.ask("judge", { ...judge, firmware_hash: firmwareHash() }), true);
    assert.equal(
      await alice.ask("judge", {
        ...judge,
        firmware_hash: firmwareHash().replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
      }),
      false,
    );
    assert.equal(asObject(measured["sev_info"])["state"], "launch-secret");
  });

  story(
    "keys of another launch neither agree with its measure nor seal a secret for it",
    async () => {
      const directory = await session();
      const tik = path.join(directory, "vm_tik.bin");
      const judge = { measurement: measured, tik, firmware_hash: firmwareHash() };
      assert.equal(await alice.ask("judge", judge), false);
      const order = { measurement: measured, directory, secret: PASSPHRASE };
      const sealed = await alice.object("secret", order);
      await assert.rejects(alice.ask("inject", { vm, ...sealed }), /500/);
      assert.deepEqual(await alice.object("measure", { vm }), measured);
    },
  );

  story("a firmware that is another by one byte is found out by its measure", async () => {
    const bytes = readFileSync(FIRMWARE);
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1);
    const changed = path.join(scratch, "changed.fd");
    writeFileSync(changed, bytes);
    const other = await waiting(changed);
    const directory = await session();
    await alice.ask("initialize", { vm: other, directory });
    const judge = {
      measurement: await alice.object("measure", { vm: other }),
      tik: path.join(directory, "vm_tik.bin"),
    };
    assert.equal(await alice.ask("judge", { ...judge, firmware_hash: firmwareHash() }), false);
    const its = { ...judge, firmware_hash: firmwareHash(changed) };
    assert.equal(await alice.ask("judge", its), true);
    const erased = await alice.vm("erase_instance", other);
    assert.equal(erased.status, 200, erased.text);
  });

  story("it waits over the death of the daemon, and is measured the same", async () => {
    await node.host.daemon.kill();
    await node.host.start();
    assert.deepEqual(await alice.object("measure", { vm }), measured);
  });

  story("a packet that was changed on its way is refused, and it goes on waiting", async () => {
    const order = { measurement: measured, directory: keys, secret: PASSPHRASE };
    const sealed = await alice.object("secret", order);
    const secret = Buffer.from(textIn(sealed, "secret"), "base64");
    secret[7] = (secret[7] ?? 0) ^ 1;
    const changed = { ...sealed, secret: secret.toString("base64") };
    await assert.rejects(alice.ask("inject", { vm, ...changed }), /500/);
    assert.deepEqual(await alice.object("measure", { vm }), measured);
  });

  story("its owner's secret lets it run, and it reads it", async () => {
    const order = { measurement: measured, directory: keys, secret: PASSPHRASE };
    const sealed = await alice.object("secret", order);
    const answer = asObject(await alice.ask("inject", { vm, ...sealed }));
    assert.equal(asObject(answer["status"])["running"], true);
    const said = async () =>
      JSON.stringify(await alice.ask("logs", { vm, until: "test guest ends", seconds: 20 }));
    await until("the guest shows its secret", async () => (await said()).includes(PASSPHRASE));
  });

  story(
    "started again it waits again, for a secret that is sealed for its new launch",
    async () => {
      const ended = async () => (await node.listed(vm))?.["running"] !== true;
      await until("the guest has switched itself off", ended);
      const rebooted = await alice.vm("reboot_instance", vm);
      assert.equal(rebooted.status, 200, rebooted.text);
      await alice.ask("initialize", { vm, directory: keys });
      const launched = await alice.object("measure", { vm });
      assert.notEqual(launched["launch_measure"], measured["launch_measure"]);
      const secretFor = (measurement: JsonObject) =>
        alice.object("secret", { measurement, directory: keys, secret: PASSPHRASE });
      await assert.rejects(alice.ask("inject", { vm, ...(await secretFor(measured)) }), /500/);
      const answer = asObject(await alice.ask("inject", { vm, ...(await secretFor(launched)) }));
      assert.equal(asObject(answer["status"])["running"], true);
    },
  );
});
