/** Secrets of a host and what real guests get of them: contract A14 and 4.3. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { exec, sh } from "./harness/exec.ts";
import { alcoveImage } from "./harness/image-tool.ts";
import { asObject, asObjects, assertTime, textIn } from "./harness/json-value.ts";
import { formsOf, leaksOf } from "./harness/leaks.ts";
import { GROUP, suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const DIRECTORY = "/run/slicer/secrets";
const LIST = `cd ${DIRECTORY} && stat -c '%n %a %u %g' * && sha256sum *`;

const newSecret = () => `s3cr3t-${randomBytes(24).toString("hex")}`;
const base64 = (text: string) => Buffer.from(text).toString("base64");
const sum = (text: string) => createHash("sha256").update(text).digest("hex");

suite("secrets", { ALCOVE_GROUP_MEMORY_MIB: "512" }, (host, story) => {
  const values = {
    first: newSecret(),
    second: newSecret(),
    changed: newSecret(),
    third: newSecret(),
    late: newSecret(),
  };
  const all = Object.values(values);
  const post = (json: object) => host.api.post("/secrets", { json });
  const patch = (at: string, ask: { json: object }) => host.api.ask("PATCH", at, ask);
  const bootId = (vm: string) => sh(host.api, vm, "cat /proc/sys/kernel/random/boot_id");
  const reads = async (uid: number, name: string) => {
    const query = { cmd: `sha256sum ${DIRECTORY}/${name}`, shell: "/bin/sh", uid };
    return (await exec(host.api, vm, query)).exitCode;
  };
  let vm = "";

  story(
    "made, listed without data, changed, deleted, with the statuses of the contract",
    async () => {
      const made = await post({ name: "x", data: base64("abc"), permissions: "0644", uid: 5 });
      assert.deepEqual([made.status, made.text], [201, ""]);
      assert.equal((await post({ name: "x", data: "" })).status, 409);
      assert.equal((await post({ name: "y", data: "?" })).status, 400);
      const [secret] = asObjects((await host.api.get("/secrets")).json);
      const { mod_time: time, modified_at: same, ...rest } = asObject(secret);
      assertTime(time);
      assert.equal(time, same);
      assert.deepEqual(rest, { name: "x", size: 3, permissions: "0644", uid: 5, gid: 0 });
      assert.equal((await patch("/secrets/x", { json: { data: "", gid: 7 } })).status, 200);
      const removed = await host.api.delete("/secrets/x");
      assert.deepEqual([removed.status, removed.text], [200, ""]);
      assert.equal((await host.api.delete("/secrets/x")).status, 404);
      assert.deepEqual((await host.api.get("/secrets")).json, []);
    },
  );

  story(
    "they are in the guest's memory before its userdata begins, with owner and mode",
    async () => {
      const first = {
        name: "first",
        data: base64(values.first),
        permissions: "0440",
        uid: 1000,
        gid: 4,
      };
      await post(first);
      await post({ name: "second", data: base64(values.second) });
      const script = `#!/bin/sh\n(${LIST}) > /root/seen 2>&1\nstat -f -c %T ${DIRECTORY} >> /root/seen\n`;
      vm = await host.createVm(
        { userdata: script, persistent: true },
        { query: { wait: "userdata", timeout: "2m0s" } },
      );
      const sums = [`${sum(values.first)}  first`, `${sum(values.second)}  second`];
      const wanted = ["first 440 1000 4", "second 600 0 0", ...sums, "tmpfs"];
      assert.deepEqual((await sh(host.api, vm, "cat /root/seen")).split("\n"), wanted);
    },
  );

  story("who may read one is said by its own mode", async () => {
    assert.deepEqual(
      [await reads(1000, "first"), await reads(1000, "second"), await reads(0, "second")],
      [0, 1, 0],
    );
  });

  story(
    "changes are not pushed; a reboot of the guest's own and a relaunch bring them",
    async () => {
      await patch("/secrets/first", { json: { data: base64(values.changed) } });
      await host.api.delete("/secrets/second");
      await post({ name: "third", data: base64(values.third), permissions: "0400" });
      const before = await sh(host.api, vm, LIST);
      assert.match(before, new RegExp(`^first 440 1000 4\nsecond 600 0 0\n${sum(values.first)}`));
      await host.daemon.kill();
      await host.start();
      await until(
        "the guest is found",
        async () => (await host.api.get(`/vm/${vm}/health`)).status === 200,
      );
      assert.equal(await sh(host.api, vm, LIST), before);

      const wanted = [
        ["first 440 1000 4", "third 400 0 0"],
        [`${sum(values.changed)}  first`, `${sum(values.third)}  third`],
      ].flat();
      const booted = await bootId(vm);
      await exec(host.api, vm, { cmd: "reboot" }).catch(() => undefined); // its answer may die with it
      await until("the guest has rebooted", () =>
        bootId(vm).then(
          (id) => id !== booted,
          () => false,
        ),
      );
      assert.deepEqual((await sh(host.api, vm, LIST)).split("\n"), wanted);

      await host.api.post(`/vm/${vm}/shutdown`);
      await host.untilStatus(vm, "Stopped");
      assert.equal((await host.api.post(`/vm/${vm}/relaunch`)).status, 200);
      await until(
        "the guest is back",
        async () => (await host.api.get(`/vm/${vm}/health`)).status === 200,
      );
      assert.deepEqual((await sh(host.api, vm, LIST)).split("\n"), wanted);
    },
  );

  story(
    "slicer-agent secrets sync in the guest brings them up to date, for root alone",
    async () => {
      const sync = "sudo slicer-agent secrets sync";
      const before = await sh(host.api, vm, LIST);
      await post({ name: "late", data: base64(values.late), permissions: "0400", uid: 1000 });
      await host.api.delete("/secrets/third");
      const query = { cmd: sync, shell: "/bin/sh", uid: 1000 };
      const { exitCode, stdout, stderr } = await exec(host.api, vm, query);
      assert.deepEqual([exitCode, stderr.toString()], [0, ""]);
      assert.equal(stdout.toString(), `secrets in ${DIRECTORY}: 2\n`);
      const after = (await sh(host.api, vm, LIST)).split("\n");
      assert.deepEqual(after.slice(0, 2), ["first 440 1000 4", "late 400 1000 0"]);
      assert.ok(after.includes(`${sum(values.late)}  late`));
      const refused = await exec(host.api, vm, { ...query, cmd: "slicer-agent secrets sync" });
      assert.deepEqual(
        [refused.exitCode, /only root may ask/.test(String(refused.stderr))],
        [1, true],
      );

      await host.api.delete("/secrets/late");
      await post({ name: "third", data: base64(values.third), permissions: "0400" });
      await sh(host.api, vm, sync);
      assert.equal(await sh(host.api, vm, LIST), before);
      assert.equal(
        await sh(
          host.api,
          vm,
          "ls -A /run/slicer/requests /run/slicer/answers | grep -c sync || true",
        ),
        "0",
      );
    },
  );

  story(
    "no byte of them is in files, logs, command lines or environments of the host",
    async () => {
      await sh(host.api, vm, "sync");
      await host.api.post("/secrets", { body: `{"name":"z","data":"${base64(values.third)}"` });
      assert.deepEqual(leaksOf(host, all), []);
      const canary = path.join(host.dirs.scratch, "canary");
      for (const form of formsOf(values.first)) {
        writeFileSync(canary, Buffer.concat([Buffer.from("x"), form, Buffer.from("y")]));
        assert.deepEqual(leaksOf(host, all), [canary], "the search finds what is there");
      }
      writeFileSync(canary, "");
    },
  );

  story("the memory of a suspended VM rests sealed, and comes back as it was", async () => {
    const before = await sh(host.api, vm, LIST);
    assert.equal((await host.api.post(`/vm/${vm}/suspend`)).status, 200);
    const kept = readdirSync(path.join(host.dirs.state, "vms"), { recursive: true });
    assert.ok(
      kept.some((name) => /state-[^/]+\/memory$/.test(String(name))),
      kept.join(" "),
    );
    assert.deepEqual(leaksOf(host, all), []);
    const restored = await host.api.post(`/vm/${vm}/restore`, { query: { wait: "agent" } });
    assert.equal(restored.status, 200, restored.text);
    assert.equal(await sh(host.api, vm, LIST), before);
  });

  story("a VM gets those it names, or none; one that is not there makes no VM", async () => {
    const one = await host.createVm({ secrets: ["third"] });
    assert.equal(await sh(host.api, one, `ls ${DIRECTORY}`), "third");
    await host.deleteVm(one);
    const none = await host.createVm({ secrets: [] });
    assert.equal(await sh(host.api, none, `ls ${DIRECTORY}`), "");
    await host.deleteVm(none);
    const before = await host.hostnames();
    const answer = await host.api.post(`/hostgroup/${GROUP}/nodes`, {
      json: { secrets: ["nine"] },
    });
    assert.deepEqual([answer.status, await host.hostnames()], [400, before]);
    assert.match(textIn(answer.json, "error"), /secrets: there is no secret "nine"/);
  });

  story("systemd: its /run is memory, too, and they are there before userdata", async () => {
    const script = `#!/bin/sh\n(${LIST}; stat -f -c %T ${DIRECTORY}) > /root/seen 2>&1\n`;
    await alcoveImage("build", "systemd");
    const systemd = await host.createVm(
      { disk_image: "systemd", userdata: script },
      { query: { wait: "userdata", timeout: "3m0s" } },
    );
    const seen = (await sh(host.api, systemd, "cat /root/seen")).split("\n");
    assert.deepEqual([seen[0], seen.at(-1)], ["first 440 1000 4", "tmpfs"]);
    assert.ok(seen.includes(`${sum(values.changed)}  first`));
    assert.equal(await sh(host.api, systemd, LIST), seen.slice(0, -1).join("\n"));
    assert.deepEqual(leaksOf(host, all), []);
    await host.deleteVm(systemd);
  });

  story("a damaged record costs no other secret, and is named in the log", async () => {
    const sealed = path.join(host.dirs.state, "secrets/sealed");
    assert.deepEqual(readdirSync(sealed).toSorted(), ["first.sealed", "third.sealed"]);
    writeFileSync(path.join(sealed, "first.sealed"), "damaged");
    const names = asObjects((await host.api.get("/secrets")).json).map((it) => textIn(it, "name"));
    assert.deepEqual(names, ["third"]);
    assert.equal(host.daemon.events("secret.damaged").at(-1)?.["name"], "first");
    const change = await patch("/secrets/first", { json: { uid: 1 } });
    assert.deepEqual([change.status, textIn(change.json, "code")], [500, "secret_damaged"]);
    const one = await host.createVm();
    assert.equal(await sh(host.api, one, `ls ${DIRECTORY}`), "third");
    await host.deleteVm(one);
  });

  story("deleted, nothing of them is left anywhere on the host", async () => {
    for (const name of ["first", "third"]) {
      assert.equal((await host.api.delete(`/secrets/${name}`)).status, 200);
    }
    await host.deleteVm(vm);
    assert.deepEqual(readdirSync(path.join(host.dirs.state, "secrets/sealed")), []);
    assert.deepEqual(leaksOf(host, all), []);
  });
});
