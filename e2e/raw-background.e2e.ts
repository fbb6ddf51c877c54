/**
 * Commands in the background and watches, as Slicer's clients put them on the wire: contract B8 and
 * B9, read as strictly as Go's decoder and its line readers do.
 */

import assert from "node:assert/strict";
import { before } from "node:test";

import { assertStrict } from "../packages/daemon/src/testing/strict-json.ts";
import { sh } from "./harness/exec.ts";
import * as go from "./harness/go-work-types.ts";
import { asObject, asObjects, type JsonObject, textIn } from "./harness/json-value.ts";
import { RawConnection } from "./harness/raw-http.ts";
import {
  type Client,
  goClient,
  type Pairs,
  typescriptClient,
  type Wanted,
} from "./harness/sdk-requests.ts";
import { suite } from "./harness/test-host.ts";

const EVENTS = "text/event-stream";
/** Longest line that Go's reader of events takes, in bytes. */
const MAX_LINE_BYTES = 1024 * 1024;

suite("raw background", {}, (host, story) => {
  let vm = "";
  let asGo: Client;
  let asTypescript: Client;
  before(async () => {
    vm = await host.createVm();
    asGo = goClient(String(host.api.token));
    asTypescript = typescriptClient(String(host.api.token));
  });
  const open = () => RawConnection.open(host.api.endpoint);
  const ask = async (client: Client, wanted: Omit<Wanted, "path"> & { readonly at: string }) => {
    await using connection = await open();
    return await connection.ask(client.request({ ...wanted, path: `/vm/${vm}${wanted.at}` }));
  };
  const start = async (client: Client, script: string, ...more: Pairs) => {
    const query: Pairs = [
      ["background", "true"],
      ["cmd", "/bin/sh"],
      ["args", "-c"],
      ["args", script],
      ["stdio", "base64"],
      ...more,
    ];
    const answer = await ask(client, { method: "POST", at: "/exec", query });
    assert.equal(answer.status, 201, answer.text);
    assertStrict(answer.text, go.backgroundStart);
    return textIn(JSON.parse(answer.text), "exec_id");
  };
  const reap = async (id: string) => {
    const answer = await ask(asGo, { method: "DELETE", at: `/exec/${id}` });
    assert.equal(answer.status, 200, answer.text);
    assertStrict(answer.text, go.reaped);
  };

  story("a command's life: 201, listed, waited for, reaped, then 410; 404 for none", async () => {
    for (const client of [asGo, asTypescript]) {
      const id = await start(client, "printf out; printf err >&2; exit 3");
      const at = `/exec/${id}`;
      const query = [["timeout", "30"]] as const;
      const waited = await ask(client, { method: "GET", at: `${at}/wait-exit`, query });
      assert.equal(waited.status, 200);
      assertStrict(waited.text, go.waited);
      const { exit_code: exitCode, timed_out: late } = asObject(JSON.parse(waited.text));
      assert.deepEqual([exitCode, late], [3, false]);
      assertStrict((await ask(client, { method: "GET", at })).text, go.backgroundInfo);
      const list = await ask(client, { method: "GET", at: "/exec" });
      assertStrict(list.text, go.backgroundInfos);
      assert.equal(asObjects(JSON.parse(list.text)).length, 1);
      const frames = linesOf((await ask(client, { method: "GET", at: `${at}/logs` })).text);
      const out = frames.map((frame) => Buffer.from(textIn(frame, "stdout"), "base64")).join("");
      assert.deepEqual([out, frames.at(-1)?.["exit_code"]], ["out", 3]);
      for (const frame of frames.filter(({ stdout, stderr }) => stdout !== "" || stderr !== "")) {
        assert.equal(frame["encoding"], "base64");
      }
      await reap(id);
      for (const [method, path] of [
        ["GET", at],
        ["GET", `${at}/logs`],
        ["GET", `${at}/wait-exit`],
        ["POST", `${at}/kill`],
        ["DELETE", at],
      ] as const) {
        const gone = await ask(client, { method, at: path });
        assert.equal(gone.status, 410, `${method} ${path}: ${gone.text}`);
        assertStrict(gone.text, go.problem);
      }
      assert.equal((await ask(client, { method: "GET", at: "/exec/ex_none" })).status, 404);
    }
  });

  story(
    "a kill: Go names JSON and sends none, TypeScript sends an object, null is absent",
    async () => {
      const kills: readonly (readonly [Client, Pick<Wanted, "json" | "contentType">, RegExp])[] = [
        [asGo, { contentType: "application/json" }, /TERM/],
        [asGo, { json: { signal: "HUP" } }, /HUP/],
        [asTypescript, { json: {} }, /TERM/],
        [asTypescript, { json: { signal: "SIGINT", grace_ms: null } }, /INT/],
        [asTypescript, {}, /TERM/],
      ];
      for (const [client, body, signal] of kills) {
        const id = await start(client, "exec sleep 600");
        const killed = await ask(client, { method: "POST", at: `/exec/${id}/kill`, ...body });
        assert.equal(killed.status, 200, killed.text);
        assertStrict(killed.text, go.killed);
        assert.match(textIn(JSON.parse(killed.text), "signal_sent"), signal);
        const waited = await ask(client, { method: "GET", at: `/exec/${id}/wait-exit` });
        assert.equal(asObject(JSON.parse(waited.text))["running"], false);
        await reap(id);
      }
      const id = await start(asGo, "exec sleep 600");
      for (const json of [{ signal: "NOPE" }, { grace_ms: -1 }, { grace_ms: "1" }]) {
        const refused = await ask(asGo, { method: "POST", at: `/exec/${id}/kill`, json });
        assert.equal(refused.status, 400, JSON.stringify(json));
      }
      assert.equal((await ask(asGo, { method: "DELETE", at: `/exec/${id}` })).status, 409);
      await ask(asGo, { method: "POST", at: `/exec/${id}/kill`, json: { signal: "KILL" } });
      await ask(asGo, { method: "GET", at: `/exec/${id}/wait-exit` });
      await reap(id);
    },
  );

  story("what cannot be in the background is refused before anything is started", async () => {
    for (const more of [
      ["stdin", "true"],
      ["buffered", "true"],
      ["ring_bytes", "-1"],
      ["ring_bytes", "x"],
    ] as const) {
      const query: Pairs = [["background", "true"], ["cmd", "true"], more];
      const refused = await ask(asGo, { method: "POST", at: "/exec", query });
      assert.equal(refused.status, 400, more.join("="));
      assertStrict(refused.text, go.problem);
    }
    assert.deepEqual(JSON.parse((await ask(asGo, { method: "GET", at: "/exec" })).text), []);
  });

  story("logs that are followed come frame by frame, each a line, with rising ids", async () => {
    const id = await start(asGo, "echo 1; until test -e /run/go-on; do sleep 0.05; done; echo 2");
    await using connection = await open();
    const query = [["follow", "true"]] as const;
    connection.send(asGo.request({ method: "GET", path: `/vm/${vm}/exec/${id}/logs`, query }));
    const head = await connection.head();
    assert.deepEqual(
      [head.status, head.headers.get("content-type")],
      [200, "application/x-ndjson"],
    );
    let text = "";
    for await (const piece of connection.body(head, "GET")) {
      text += piece.toString();
      if (linesOf(text).some((frame) => frame["stdout"] === "MQo=")) break;
    }
    await sh(host.api, vm, "touch /run/go-on");
    await ask(asGo, { method: "GET", at: `/exec/${id}/wait-exit` });
    const frames = linesOf(
      (await ask(asGo, { method: "GET", at: `/exec/${id}/logs`, query })).text,
    );
    const ids = frames.map((frame) => Number(frame["id"]));
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
    assert.equal(ids[0], 1);
    assert.equal(new Set(ids).size, ids.length);
    await reap(id);
  });

  story(
    "a watch's events: id, event, data and a blank line; comments while nothing happens",
    async () => {
      await sh(host.api, vm, "mkdir -p '/srv/w d/sub'");
      await using connection = await open();
      const query: Pairs = [
        ["paths", "/srv/w d"],
        ["patterns", "*.txt"],
        ["events", "create"],
        ["events", "remove"],
        ["recursive", "true"],
        ["debounce", "10ms"],
        ["max_events", "2"],
      ];
      const path = `/vm/${vm}/fs/watch`;
      const request = asGo.request({ method: "GET", path, query, accept: EVENTS });
      connection.send({ ...request, headers: [...request.headers, ["Last-Event-ID", "7"]] });
      const head = await connection.head();
      assert.equal(head.status, 200);
      assert.match(head.headers.get("content-type") ?? "", /^text\/event-stream/);
      const blocks: string[] = [];
      let text = "";
      let done = false;
      for await (const piece of connection.body(head, "GET")) {
        text += piece.toString();
        if (!done)
          await sh(host.api, vm, "cd '/srv/w d/sub'; touch a.log 'é.txt'; sleep 0.3; rm 'é.txt'");
        done = true;
      }
      blocks.push(...text.split("\n\n"));
      assert.equal(blocks.pop(), "", "each event ends with a blank line");
      const events = blocks.filter((block) => !block.startsWith(":")).map(eventOf);
      assert.deepEqual(
        events.map(({ type, path: at, isDir }) => [type, at, isDir]),
        [
          ["create", "/srv/w d/sub/é.txt", false],
          ["remove", "/srv/w d/sub/é.txt", false],
        ],
      );
    },
  );

  story("a watch that cannot be is refused in JSON", async () => {
    const paths = ["paths", "/srv"] as const;
    const wrong: readonly Pairs[] = [
      [],
      [paths, ["events", "explode"]],
      [paths, ["debounce", "soon"]],
      [paths, ["max_events", "many"]],
    ];
    for (const query of wrong) {
      const refused = await ask(asTypescript, {
        method: "GET",
        at: "/fs/watch",
        query,
        accept: EVENTS,
      });
      assert.equal(refused.status, 400, JSON.stringify(query));
      assertStrict(refused.text, go.problem);
    }
    await using connection = await open();
    const request = asGo.request({ method: "GET", path: `/vm/${vm}/fs/watch`, query: [paths] });
    connection.send({ ...request, headers: [...request.headers, ["Last-Event-ID", "-1"]] });
    assert.equal((await connection.answer("GET")).status, 400);
    await host.deleteVm(vm);
  });
});

function linesOf(body: string): readonly JsonObject[] {
  assert.ok(body.endsWith("\n"), "the last line is not terminated");
  return body
    .slice(0, -1)
    .split("\n")
    .map((line) => {
      assertStrict(line, go.frame);
      return asObject(JSON.parse(line));
    });
}

function eventOf(block: string): JsonObject {
  const [, id, data] = /^id: (\d+)\nevent: watch\ndata: (\{.*\})$/.exec(block) ?? [];
  assert.ok(id && data, `no event: ${block}`);
  assert.ok(Buffer.byteLength(data) < MAX_LINE_BYTES);
  assertStrict(data, go.fileChange);
  const event = asObject(JSON.parse(data));
  assert.equal(String(event["id"]), id);
  return event;
}
