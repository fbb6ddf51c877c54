/** A template of a full Debian: its services run when it is frozen, and forks are machines of their own to systemd, too. */

import assert from "node:assert/strict";

import { sh } from "./harness/exec.ts";
import { alcoveImage } from "./harness/image-tool.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { GROUP, suite } from "./harness/test-host.ts";

const SETTINGS = {
  ALCOVE_TEMPLATES: "on",
  ALCOVE_GROUP_VCPUS: "2",
  ALCOVE_GROUP_MEMORY_MIB: "512",
};

suite("template of systemd", SETTINGS, (host, story) => {
  story("services run in a fork from its first moment, and journals are its own", async () => {
    await alcoveImage("build", "systemd");
    const wanted = { group: GROUP, image: "systemd" };
    const built = await host.api.post("/v1/templates", { json: wanted });
    assert.equal(built.status, 201, built.text);
    const template = textIn(asObject(built.json), "id");

    const vms = [
      await host.createVm({ disk_image: "systemd" }),
      await host.createVm({ disk_image: "systemd" }),
    ];

    const ids = new Set<string>();
    for (const vm of vms) {
      const { json } = await host.api.get(`/v1/vms/${vm}`);
      assert.deepEqual(asObject(asObject(json)["origin"]), { how: "template", template });
      assert.equal(await sh(host.api, vm, "systemctl is-system-running || true"), "running");
      assert.equal(await sh(host.api, vm, "systemctl list-jobs --no-legend"), "");
      assert.equal(await sh(host.api, vm, "hostnamectl --static"), vm);
      await sh(host.api, vm, `logger -t own ${vm} && journalctl --sync`);
      const line = await sh(host.api, vm, "journalctl -t own -o cat --no-pager");
      assert.equal(line, vm);
      ids.add(await sh(host.api, vm, "cat /etc/machine-id"));
    }
    assert.equal(ids.size, vms.length);
    for (const vm of vms) await host.deleteVm(vm);
  });
});
