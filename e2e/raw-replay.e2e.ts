/**
 * What Slicer's clients put on the wire, byte for byte, and answers read as strictly as the
 * strictest of them reads: contract 1.4, 1.6 and 9.4. Nothing of any SDK is used.
 */

import assert from "node:assert/strict";
import path from "node:path";
import { before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertStrict, type Check } from "../packages/daemon/src/testing/strict-json.ts";
import type { Endpoint } from "./harness/api.ts";
import { sh } from "./harness/exec.ts";
import * as go from "./harness/go-vm-types.ts";
import * as work from "./harness/go-work-types.ts";
import { asObject, asObjects, textIn } from "./harness/json-value.ts";
import { type RawAnswer, RawConnection } from "./harness/raw-http.ts";
import {
  type Client,
  curlClient,
  goClient,
  typescriptClient,
  type Wanted,
} from "./harness/sdk-requests.ts";
import { GROUP, suite, type TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const NODES = `/hostgroup/${GROUP}/nodes`;
const NOBODY = "sbox-987";
/** Clients ask again every half second, and give no request a limit of its own. */
const PROBE_MS = 2_500;
/** Commands wait a little longer for an agent. */
const WORK_MS = 12_000;

suite("raw replay", {}, (host, story) => {
  let vm = "";
  let clients: readonly Client[] = [];
  before(async () => {
    vm = await host.createVm({ tags: ["user=ada", "a b+c"] });
    const token = String(host.api.token);
    clients = [goClient(token), typescriptClient(token), curlClient(token)];
  });
  const ask = (client: Client, wanted: Wanted) => once(host.api.endpoint, client, wanted);
  const timed = async (client: Client, wanted: Wanted, limitMs: number) => {
    const began = performance.now();
    const answer = await ask(client, wanted);
    const tookMs = performance.now() - began;
    assert.ok(tookMs < limitMs, `${wanted.path} took ${tookMs} ms`);
    return answer;
  };
  const found = async (client: Client, wanted: Pick<Wanted, "path" | "query">) => {
    const answer = await ask(client, { method: "GET", ...wanted });
    assertStrict(answer.text, go.nodes);
    return asObjects(JSON.parse(answer.text)).map((node) => textIn(node, "hostname"));
  };

  story("every read: the exact status, and JSON that Go decodes, to each client", async () => {
    const reads: readonly (readonly [target: string, check: Check])[] = [
      ["/info", go.info],
      ["/hostgroup", go.groups],
      ["/nodes", go.nodes],
      ["/devices", go.nodes],
      [NODES, go.nodes],
      [`/vm/${vm}`, go.description],
      [`/vm/${vm}/tags`, go.tags],
      [`/vm/${vm}/health`, go.health],
      [`/vm/${vm}/logs`, go.logs],
      [`/vm/${vm}/fs/stat`, work.fileInfo],
      [`/vm/${vm}/fs/readdir`, work.fileInfos],
      ["/nodes/stats", go.stats],
    ];
    for (const client of clients) {
      await using connection = await RawConnection.open(host.api.endpoint); // kept for all of them
      for (const [target, check] of reads) {
        const query = [["path", "/etc"]] as const;
        const answer = await connection.ask(client.request({ method: "GET", path: target, query }));
        assert.equal(answer.status, 200, `${client.name} ${target}: ${answer.text}`);
        assertJson(answer);
        assertStrict(answer.text, check);
      }
    }
  });

  story("every error is JSON with a sentence, to each client; to HEAD it has no body", async () => {
    const errors = [
      ["GET", "/nodes/", 404], // a trailing slash leads nowhere, and never to another address
      ["GET", "/no/such/route", 404],
      ["GET", `/vm/${NOBODY}`, 404],
      ["GET", `/vm/${NOBODY}/health`, 404],
      ["GET", `/node/${NOBODY}/stats`, 404],
      ["DELETE", `${NODES}/${NOBODY}`, 404],
      ["POST", "/nodes", 405],
      ["POST", `/vm/${vm}/shell`, 405],
      ["GET", `/vm/${vm}/shell`, 400],
      ["POST", `/vm/${vm}/exec`, 400],
      ["HEAD", `/vm/${NOBODY}/health`, 404],
    ] as const;
    for (const client of clients) {
      for (const [method, target, status] of errors) {
        const answer = await ask(client, { method, path: target });
        assert.equal(answer.status, status, `${client.name} ${method} ${target}: ${answer.text}`);
        if (method === "HEAD") assert.equal(answer.body.length, 0);
        else assertProblem(answer);
        if (status === 405) assert.ok(answer.headers.get("allow"));
      }
    }
  });

  story("HEAD of health and healthz: 200 and nothing after it", async () => {
    for (const client of clients) {
      await using connection = await RawConnection.open(host.api.endpoint);
      for (const target of [`/vm/${vm}/health`, "/healthz", `/vm/${vm}/health`]) {
        const answer = await connection.ask(client.request({ method: "HEAD", path: target }));
        assert.deepEqual([answer.status, answer.body.length], [200, 0]);
      }
      const next = await connection.ask(client.request({ method: "GET", path: "/healthz" }));
      assert.deepEqual([next.status, next.text], [200, '{"status":"ok"}']);
      assertJson(next);
    }
  });

  story("one VM's stats are a list to Go's headers alone, an object to all others", async () => {
    const [asGo, asTypescript, asCurl] = clients;
    assert.ok(asGo && asTypescript && asCurl);
    const one = { method: "GET", path: `/node/${vm}/stats` };
    const list = await ask(asGo, one);
    assertStrict(list.text, go.stats);
    assert.equal(asObjects(JSON.parse(list.text)).length, 1);
    for (const client of [asTypescript, asCurl]) {
      assertStrict((await ask(client, one)).text, go.stat);
    }
    assertStrict((await ask(asGo, { ...one, accept: "application/json" })).text, go.stat);
  });

  story(
    "filters: plus is a space, %2B a plus, and Go's %3F in the path a question mark",
    async () => {
      const [asGo, asTypescript] = clients;
      assert.ok(asGo && asTypescript);
      for (const client of [asGo, asTypescript]) {
        for (const target of ["/nodes", NODES]) {
          const tagged = (tag: string) => found(client, { path: target, query: [["tag", tag]] });
          assert.deepEqual(await tagged("a b+c"), [vm]);
          assert.deepEqual(await tagged("a b c"), []);
          const prefix = [["tag_prefix", "user="]] as const;
          assert.deepEqual(await found(client, { path: target, query: prefix }), [vm]);
        }
      }
      assert.deepEqual(await found(asGo, { path: `${NODES}%3Ftag=user%253Dada` }), [vm]);
      assert.deepEqual(await found(asGo, { path: `${NODES}%3Ftag=a+b%252Bc` }), [vm]);
      assert.deepEqual(await found(asGo, { path: `${NODES}%3Ftag=user%253Dbob` }), []);
      const raw = await found(asTypescript, { path: "/nodes?tag=a+b%2Bc&unheard=of&tag_prefix=" });
      assert.deepEqual(raw, [vm]);
    },
  );

  story("over the Unix socket: any Host, a bare Bearer, a token that is not needed", async () => {
    const socketPath = path.join(host.dirs.runtime, "api.sock");
    for (const client of [
      goClient("", "unix"),
      goClient("any-token", "unix"),
      typescriptClient("", "localhost"),
      curlClient("", "localhost"),
    ]) {
      const answer = await once({ socketPath }, client, { method: "GET", path: "/nodes" });
      assert.equal(answer.status, 200, answer.text);
      assertStrict(answer.text, go.nodes);
      const query = [
        ["buffered", "true"],
        ["cmd", "hostname"],
      ] as const;
      const wanted = { method: "POST", path: `/vm/${vm}/exec`, query, anonymous: true } as const;
      const result = await once({ socketPath }, client, wanted);
      assertStrict(result.text, work.result);
      assert.equal(textIn(JSON.parse(result.text), "stdout"), `${vm}\n`);
    }
    for (const token of ["", "wrong"]) {
      const refused = await ask(goClient(token), { method: "GET", path: "/nodes" });
      assert.equal(refused.status, 401);
      assertProblem(refused);
    }
  });

  story("logs: absent and empty are 20 lines, 0 is all, and what is no number is 400", async () => {
    await sh(host.api, vm, "for n in $(seq 40); do echo line-$n; done > /dev/console");
    const [asGo] = clients;
    assert.ok(asGo);
    const lines = async (...query: [string, string][]) => {
      const answer = await ask(asGo, { method: "GET", path: `/vm/${vm}/logs`, query });
      if (answer.status !== 200) return answer.status;
      assertStrict(answer.text, go.logs);
      const { lines: said, content } = asObject(JSON.parse(answer.text));
      return [said, String(content).trimEnd().split("\n").length];
    };
    assert.deepEqual(await lines(), [20, 20]);
    assert.deepEqual(await lines(["lines", ""]), [20, 20]);
    assert.deepEqual(await lines(["lines", "3"]), [3, 3]);
    const all = await lines(["lines", "0"]);
    assert.ok(Array.isArray(all) && all[0] === 0 && Number(all[1]) >= 40, JSON.stringify(all));
    for (const wrong of ["-1", "x", "1.5"]) assert.equal(await lines(["lines", wrong]), 400);
  });

  story("creates as each client writes them; what is unknown in them is ignored", async () => {
    const [asGo, asTypescript, asCurl] = clients;
    assert.ok(asGo && asTypescript && asCurl);
    const wait = [["wait", "agent"]] as const;
    const bodies: readonly (readonly [Client, Omit<Wanted, "method" | "path">])[] = [
      [asGo, { json: {} }],
      [
        asGo,
        { json: { cpus: 1, ram_bytes: 134_217_728, tags: ["t"] }, query: [["timeout", "2m0s"]] },
      ],
      [
        asTypescript,
        { json: { cpus: 0, ram_bytes: 0, userdata: "", disk_image: "", unheard: { of: 1 } } },
      ],
      [asTypescript, { json: {}, query: [...wait, ["timeout", "60s"]] }],
      [asCurl, { body: Buffer.from("{}"), contentType: "application/x-www-form-urlencoded" }],
      [asCurl, {}],
    ];
    for (const [client, wanted] of bodies) {
      const answer = await ask(client, { method: "POST", path: NODES, ...wanted });
      assert.equal(answer.status, 201, `${client.name}: ${answer.text}`);
      assertStrict(answer.text, go.created);
      const hostname = textIn(JSON.parse(answer.text), "hostname");
      const listed = await ask(client, { method: "GET", path: "/nodes" });
      assert.ok(listed.text.includes(`"${hostname}"`), "it is listed at once");
      const gone = await ask(client, { method: "DELETE", path: `${NODES}/${hostname}` });
      assert.equal(gone.status, 200, gone.text);
      assertStrict(gone.text, go.deleted);
      assert.equal(textIn(JSON.parse(gone.text), "disk_removed"), "true");
    }
  });

  story(
    "secrets: exact statuses and empty bodies; both names of the time; empty data keeps the content",
    async () => {
      for (const client of clients) {
        const name = `replay.${client.name}`;
        const data = Buffer.from("eleven chars").toString("base64");
        const json = { name, data, unheard: "of" };
        const made = await ask(client, { method: "POST", path: "/secrets", json });
        assert.equal(made.status, 201, made.text);
        const again = await ask(client, { method: "POST", path: "/secrets", json });
        assert.equal(again.status, 409);
        assertProblem(again);
        const target = `/secrets/${name}`;
        const change = { data: "", permissions: "0440", uid: 1000 };
        const changed = await ask(client, { method: "PATCH", path: target, json: change });
        assert.equal(changed.status, 200, changed.text);
        const listed = await ask(client, { method: "GET", path: "/secrets" });
        assertStrict(listed.text, work.secrets);
        const one = asObjects(JSON.parse(listed.text)).find((secret) => secret["name"] === name);
        assert.deepEqual(
          [one?.["size"], one?.["permissions"], one?.["uid"], one?.["gid"]],
          [12, "0440", 1000, 0],
        );
        assert.equal(one?.["mod_time"], one?.["modified_at"]);
        assert.ok(!listed.text.includes(data), "a list shows no content");
        const gone = await ask(client, { method: "DELETE", path: target });
        assert.deepEqual([gone.status, gone.text], [200, ""]);
        assert.equal((await ask(client, { method: "DELETE", path: target })).status, 404);
      }
    },
  );

  story("metrics: Prometheus' text, with the token, and this group's VMs in it", async () => {
    const [asGo] = clients;
    assert.ok(asGo);
    const page = await ask(asGo, { method: "GET", path: "/metrics" });
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.match(
      page.text,
      new RegExp(`^slicer_vm_running\\{[^}]*host_group="${GROUP}"[^}]*\\} 1$`, "m"),
    );
    assert.match(page.text, /^slicer_api_requests_total\{[^}]*method="GET"[^}]*\} \d+$/m);
    const refused = await ask(goClient("wrong"), { method: "GET", path: "/metrics" });
    assert.equal(refused.status, 401);
  });

  story("the OpenAPI document names what was asked for here", async () => {
    const [asGo] = clients;
    assert.ok(asGo);
    const answer = await ask(asGo, { method: "GET", path: "/openapi.json" });
    assert.equal(answer.status, 200);
    assertJson(answer);
    const document = asObject(JSON.parse(answer.text));
    assert.match(textIn(document, "openapi"), /^3\.1\./);
    const paths = asObject(document["paths"]);
    for (const one of ["/info", "/nodes", "/vm/{hostname}/exec", "/secrets/{name}"]) {
      assert.ok(one in paths, `no ${one} in ${Object.keys(paths).join(", ")}`);
    }
  });

  story("health while a VM boots is 503 at once, then 200; nothing waits for it", async () => {
    const [asGo, asTypescript] = clients;
    assert.ok(asGo && asTypescript);
    const made = await ask(asGo, { method: "POST", path: NODES, json: {} });
    const target = `/vm/${textIn(JSON.parse(made.text), "hostname")}`;
    const began = performance.now();
    const first = await ask(asTypescript, { method: "GET", path: `${target}/health` });
    assert.equal(first.status, 503, first.text);
    assertProblem(first);
    assert.ok(performance.now() - began < PROBE_MS, "a probe that waits defeats who asks again");
    await untilReady(host, path.basename(target));
    const health = await ask(asGo, { method: "GET", path: `${target}/health` });
    assertStrict(health.text, go.health);
    await host.deleteVm(path.basename(target));
  });

  story("a command's stream stands still while its VM is paused, and goes on", async () => {
    const [asGo, , asCurl] = clients;
    assert.ok(asGo && asCurl);
    await using connection = await RawConnection.open(host.api.endpoint);
    const cmd = "for n in $(seq 20); do echo tick-$n; sleep 0.1; done";
    const exec = { method: "POST", path: `/vm/${vm}/exec`, query: [["cmd", cmd]] } as const;
    connection.send(asGo.request(exec));
    const head = await connection.head();
    let text = "";
    let paused = false;
    for await (const piece of connection.body(head, "POST")) {
      text += piece.toString();
      if (paused || !text.includes("tick-2")) continue;
      paused = true;
      assertText(await ask(asCurl, { method: "POST", path: `/vm/${vm}/pause` }));
      const refused = await ask(asCurl, exec);
      assert.equal(refused.status, 409);
      await delay(500);
      assertText(await ask(asCurl, { method: "POST", path: `/vm/${vm}/resume` }));
    }
    assert.ok(paused);
    const ticks = text.matchAll(/tick-(\d+)/g);
    assert.deepEqual(
      Array.from(ticks, ([, n]) => Number(n)),
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    assert.match(text, /"type":"exit".*"exit_code":0/);
  });

  story("a guest that answers nothing holds up nobody: its own errors come soon", async () => {
    const [asGo, asTypescript] = clients;
    assert.ok(asGo && asTypescript);
    const machine = host.machinePid(vm);
    process.kill(machine, "SIGSTOP");
    try {
      const stats = await timed(asGo, { method: "GET", path: "/nodes/stats" }, PROBE_MS);
      assertStrict(stats.text, go.stats);
      const [one] = asObjects(JSON.parse(stats.text));
      assert.equal(one?.["snapshot"], null);
      assert.notEqual(one?.["error"], "");
      const health = { method: "HEAD", path: `/vm/${vm}/health` };
      assert.equal((await timed(asGo, health, PROBE_MS)).status, 503);
      assertStrict(
        (await timed(asTypescript, { method: "GET", path: "/nodes" }, PROBE_MS)).text,
        go.nodes,
      );
      const exec = { method: "POST", path: `/vm/${vm}/exec`, query: [["cmd", "true"]] } as const;
      const refused = await timed(asGo, exec, WORK_MS);
      assert.equal(refused.status, 503, refused.text);
      assertProblem(refused);
    } finally {
      process.kill(machine, "SIGCONT");
    }
    await untilReady(host, vm);
    assert.equal(await sh(host.api, vm, "hostname"), vm);
  });

  story("the SSH key user's two names are taken alike", async () => {
    const [asGo] = clients;
    assert.ok(asGo);
    const statuses = new Set<number>();
    for (const name of ["import_user", "github_user"]) {
      const json = { [name]: "no such user of any site" };
      const answer = await ask(asGo, { method: "POST", path: NODES, json });
      assertProblem(answer);
      statuses.add(answer.status);
    }
    assert.equal(statuses.size, 1, "both names are refused alike");
  });

  story(
    "shutdown as TypeScript's body and as Go's query; a relaunch two seconds later",
    async () => {
      const [asGo, asTypescript] = clients;
      assert.ok(asGo && asTypescript);
      const hostname = await host.createVm({ persistent: true });
      const target = `/vm/${hostname}`;
      const boot = () => sh(host.api, hostname, "cat /proc/sys/kernel/random/boot_id");
      for (const json of [{}, { action: "shutdown" }]) {
        const answer = await ask(asTypescript, {
          method: "POST",
          path: `${target}/shutdown`,
          json,
        });
        assertText(answer);
        const again = await ask(asTypescript, { method: "POST", path: `${target}/relaunch` });
        assert.equal(again.status, 200, again.text);
        assertStrict(again.text, go.created);
        await untilReady(host, hostname);
      }
      const first = await boot();
      const reboot = [["action", "reboot"]] as const;
      assertText(await ask(asGo, { method: "POST", path: `${target}/shutdown`, query: reboot }));
      const second = await until("it has booted again", async () => {
        const now = await boot().catch(() => first); // the old boot may end under the question
        return now !== first && now;
      });
      for (const action of ["pause", "resume"]) {
        assertText(await ask(asGo, { method: "POST", path: `${target}/${action}` }));
      }
      const wrong = await ask(asTypescript, {
        method: "POST",
        path: `${target}/shutdown`,
        json: { action: "explode" },
      });
      assert.equal(wrong.status, 400);

      assertText(await ask(asTypescript, { method: "POST", path: `${target}/suspend` }));
      const suspended = await ask(asGo, { method: "GET", path: target });
      assertStrict(suspended.text, go.description);
      assert.equal(textIn(JSON.parse(suspended.text), "status"), "Suspended");
      const restore = (client: Client, wait: string) => {
        const query = [
          ["wait", wait],
          ["timeout", "2m0s"],
        ] as const;
        return ask(client, { method: "POST", path: `${target}/restore`, query });
      };
      assert.equal((await restore(asGo, "userdata")).status, 400);
      assertText(await restore(asGo, "agent"));
      assert.equal((await restore(asTypescript, "agent")).status, 409);
      assert.equal(await boot(), second, "it has booted meanwhile");
      await host.deleteVm(hostname);
    },
  );
});

async function untilReady(host: TestHost, hostname: string): Promise<void> {
  await until(`${hostname} answers`, async () => {
    return (await host.api.ask("HEAD", `/vm/${hostname}/health`)).status === 200;
  });
}

async function once(endpoint: Endpoint, client: Client, wanted: Wanted): Promise<RawAnswer> {
  await using connection = await RawConnection.open(endpoint);
  return await connection.ask(client.request(wanted));
}

function assertJson(answer: RawAnswer): void {
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json(;|$)/);
}

function assertText(answer: RawAnswer): void {
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain(;|$)/);
}

function assertProblem(answer: RawAnswer): void {
  assertJson(answer);
  assertStrict(answer.text, work.problem);
}
