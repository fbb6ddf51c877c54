/** SSH keys of an account, fetched from where it publishes them, in a real guest: contract A6 and D11. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after } from "node:test";

import { sh } from "./harness/exec.ts";
import { textIn } from "./harness/json-value.ts";
import { GROUP, suite } from "./harness/test-host.ts";

const KEYS = ["AAAAC3NzaC1lZDI1NTE5AAAAIGFkYQ==", "AAAAC3NzaC1lZDI1NTE5AAAAIGJvYg=="];
const published = KEYS.map((blob, index) => `ssh-ed25519 ${blob} key-${index}`);

const server = createServer((request, response) => {
  const there = request.url === "/forge/ada.keys";
  response.writeHead(there ? 200 : 404).end(`${published.join("\n")}\nno key at all\n`);
}).listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
assert.ok(typeof address === "object" && address !== null);
const keysUrl = `http://127.0.0.1:${address.port}/forge`;

suite("keys", { ALCOVE_KEYS_URL: keysUrl }, (host, story) => {
  after(() => server.close());

  story("an account's keys and the request's own are the default user's", async () => {
    const own = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG93bg== own";
    const vm = await host.createVm({ import_user: "ada", github_user: "ada", ssh_keys: [own] });
    const keys = await sh(host.api, vm, "cat ~alcove/.ssh/authorized_keys");
    assert.deepEqual(keys.split("\n"), [...published, own]);
    await host.deleteVm(vm);
  });

  story("no keys, no VM: the refusal says where they were looked for and what to do", async () => {
    const create = (json: object) => host.api.post(`/hostgroup/${GROUP}/nodes`, { json });
    const unknown = await create({ github_user: "eve" });
    assert.deepEqual([unknown.status, textIn(unknown.json, "code")], [502, "keys_unavailable"]);
    assert.match(textIn(unknown.json, "error"), /"eve" cannot be had from http.*no such account/);
    assert.equal((await create({ import_user: "ada", github_user: "eve" })).status, 400);
    assert.equal((await create({ import_user: "../ada" })).status, 400);
    assert.deepEqual(await host.hostnames(), []);
    assert.deepEqual(host.dirs.vmDirs(), []);
  });
});
