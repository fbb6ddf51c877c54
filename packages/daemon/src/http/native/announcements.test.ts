import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

/** Calls routes; @returns what was announced meanwhile, each once, in the order of its first time. */
async function announced(
  api: SlicerApi,
  calls: readonly (readonly [line: string, body?: string])[],
): Promise<readonly string[]> {
  const seen = new Set<string>();
  using _listening = api.host.events.listen(({ what, name }) => {
    if (what !== "vm") seen.add(name === undefined ? what : `${what} ${name}`);
  });
  for (const [line, body] of calls) {
    const { status, text } = await api.call(line, body === undefined ? {} : { body });
    assert.ok(status < 300, `${line}: ${status} ${text}`);
  }
  return [...seen];
}

describe("changes of what lists show are announced", () => {
  test("of secrets, when they are made, changed and removed", async () => {
    await using api = await SlicerApi.make();
    const calls: readonly (readonly [line: string, body?: string])[] = [
      ["POST /secrets", '{"name":"a","data":"aGVsbG8="}'],
      ["PATCH /secrets/a", '{"permissions":"0640"}'],
      ["DELETE /secrets/a"],
    ];
    for (const call of calls) {
      assert.deepEqual(await announced(api, [call]), ["secrets a"], call[0]);
    }
  });

  test("of commits, when they are made and removed", async () => {
    await using api = await SlicerApi.make();
    const source = await api.vm({ persistent: true });
    await api.vms.get(source).stop(never);
    const made = await announced(api, [[`POST /vm/${source}/commit`]]);
    const id = made[0]?.replace("commits ", "");
    assert.match(String(id), /^cmt-/);
    await api.call(`DELETE /hostgroup/sbox/nodes/${source}`);
    assert.deepEqual(await announced(api, [[`DELETE /vm/commits/${id}`]]), [`commits ${id}`]);
  });

  test("of templates, while they are built and when they are there or gone", async () => {
    await using api = await SlicerApi.make({ templates: "on" });
    const seen = await announced(api, [["POST /v1/templates", "{}"]]);
    const id = seen.find((it) => it.startsWith("templates "))?.replace("templates ", "");
    assert.deepEqual(seen, ["templates", `templates ${id}`]);
    const gone = await announced(api, [[`DELETE /v1/templates/${id}`]]);
    assert.deepEqual(gone, [`templates ${id}`]);
  });

  test("of images, while they are made and when they are removed", async () => {
    await using api = await SlicerApi.make();
    const names: string[] = [];
    using _listening = api.host.events.listen(({ what, name }) => names.push(`${what} ${name}`));
    await announced(api, [["POST /v1/images", '{"recipe":"systemd"}']]);
    await eventually("the image is built", () => names.length >= 4);
    const { text } = await api.call("GET /v1/images");
    assert.match(text, /"state":"done"/);
    assert.ok(
      names.every((it) => it === "images systemd"),
      names.join(),
    );
    const removed = await announced(api, [["DELETE /v1/images/systemd"]]);
    assert.deepEqual(removed, ["images systemd"]);
  });
});
