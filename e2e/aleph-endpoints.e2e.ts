/**
 * Every endpoint of an Aleph node's published API on real guests, byte by byte: one instance, one confidential
 * instance, the diagnostic program and the diagnostic guest. What one VM cannot show (who may, floods, payment,
 * backups, restarts) has suites of its own.
 */

import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { after, before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { solanaWallet } from "../packages/daemon/src/testing/aleph-signers.ts";
import { GuestOwner } from "../packages/daemon/src/testing/guest-owner.ts";
import { WALLETS } from "./harness/aleph-client.ts";
import { type AlephNode, alephNodeSuite, storiesOf } from "./harness/aleph-node.ts";
import type { Ask } from "./harness/api.ts";
import { asObject, asObjects, type JsonObject, textIn } from "./harness/json-value.ts";
import { until } from "./harness/until.ts";
import { AlephOwner, upgradeFrom, watchLogs } from "./parts/aleph-owner.ts";
import { assertSays, EndpointStage, POLICY } from "./parts/endpoint-stage.ts";

const PAGE = "https://app.example.org";
const UNKNOWN = "ab".repeat(32);
const PASSPHRASE = "hunter2";
/** until a call has got to its program */
const CALL_MS = 300;
const AWARE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{6})?\+00:00$/;
const NAIVE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{6})?$/;
const OLD_CHECKS =
  "index environ messages dns ipv4 internet cache persistent_storage error_handling".split(" ");

alephNodeSuite("aleph endpoints", () => {
  const stranger = new AlephOwner(solanaWallet(WALLETS.bob));
  const guestOwner = new GuestOwner();
  let stage: EndpointStage;
  let node: AlephNode;
  let alice: AlephOwner;
  let vm: string;
  let confidential: string;
  let program: string;
  let content: JsonObject;

  before(async () => {
    stage = await EndpointStage.open();
    ({ node, alice, vm, confidential, program, content } = stage);
  });
  after(async () => stage[Symbol.asyncDispose]());

  /** one story after the other: each goes on where the last one ended */
  const story = storiesOf("aleph endpoints", () => node);

  const ask: EndpointStage["ask"] = (...asked) => stage.ask(...asked);
  const get: EndpointStage["get"] = (...asked) => stage.get(...asked);
  const operate: EndpointStage["operate"] = (...asked) => stage.operate(...asked);
  const at = (operation: string, hash = vm) => stage.at(operation, hash);
  const stopped = async (hash: string) => (await node.listed(hash)) === undefined;

  story("POST /control/reserve_resources: room for a minute, or none", async () => {
    const where = "/control/reserve_resources";
    const reserved = await operate("POST", where, { json: content });
    assert.equal(reserved.status, 200);
    assert.match(reserved.text, /^\{"status": "reserved", "expires": "[^"]+"\}$/);
    assert.match(textIn(reserved.json, "expires"), AWARE);
    const large = { vcpus: 256, memory: 1_048_576, seconds: 30 };
    const refused = await operate("POST", where, { json: { ...content, resources: large } });
    const error = "This CRN cannot reserve the requested resources at this time.";
    assertSays(refused, 503, { error });
    assertSays(await ask("POST", where), 400, { error: "Missing X-SignedPubKey header" });
  });

  story("POST /control/allocations: what is wanted runs", async () => {
    const where = "/control/allocations";
    const error = "Authentication token received is invalid";
    assertSays(await ask("POST", where, { json: {} }), 401, { error });
    const answer = await node.allocate([vm]);
    assert.equal(answer.status, 200, answer.text);
    const lists = `"successful": ["${vm}"], "failing": [], "stopped": [], "errors": {}`;
    assert.equal(answer.text, `{"success": true, ${lists}}`);
    const bad = await node.asAdmin("POST", where, { json: { instances: ["not-an-ItemHash"] } });
    const [problem] = asObjects(bad.json);
    assert.deepEqual([bad.status, problem?.["loc"]], [400, ["instances", 0]]);
  });

  story("GET /about/executions/list and /v2: networks, addresses, ports and times", async () => {
    const first = await get("/about/executions/list");
    const listed = asObject(asObject(first.json)[vm]);
    assert.deepEqual(Object.keys(listed), ["networking", "vm_type", "awaiting_confidential_init"]);
    const { ipv4, ipv6 } = asObject(listed["networking"]);
    assert.match(String(ipv4), /^172\.\d+\.\d+\.0\/24$/);
    assert.match(String(ipv6), new RegExp(`:3:${vm.slice(0, 4).replace(/^0+(?=.)/, "")}:.*/124$`));
    const second = asObject(await node.listed(vm));
    const networking = asObject(second["networking"]);
    assert.deepEqual([networking["ipv4_network"], networking["ipv6_network"]], [ipv4, ipv6]);
    assert.equal(networking["ipv4_ip"], String(ipv4).replace("0/24", "2"));
    assert.match(
      JSON.stringify(networking["mapped_ports"]),
      /^\{"22":\{"host":\d+,"tcp":true,"udp":false\}\}$/,
    );
    const times = Object.values(asObject(second["status"]));
    assert.equal(times.length, 7);
    for (const time of times.slice(0, 5)) assert.match(String(time), AWARE);
    assert.deepEqual(times.slice(5), [null, null]);
    assert.deepEqual([second["running"], second["vm_type"]], [true, "instance"]);
    const head = await ask("HEAD", "/v2/about/executions/list");
    assert.deepEqual([head.status, head.text], [200, ""]);
  });

  story("GET /about/login, /about/config and /about/executions/details: one cookie", async () => {
    assertSays(await get("/about/login"), 401, { success: false });
    const form = await get("/about/login?token=no", { headers: { accept: "text/html" } });
    assert.deepEqual(
      [form.status, form.headers["content-type"]],
      [401, "text/html; charset=utf-8"],
    );
    const login = await get(`/about/login?token=${stage.loginToken()}`);
    assert.deepEqual([login.status, login.headers["location"]], [302, "/about/config"]);
    const [cookie = ""] = login.headers["set-cookie"] ?? [];
    assert.match(cookie, /^token=[\w-]{43}; HttpOnly; SameSite=Lax; Path=\/$/);
    assert.ok(!cookie.includes(stage.loginToken()));
    const headers = { cookie: cookie.split(";", 1)[0] ?? "" };
    const config = asObject((await get("/about/config", { headers })).json);
    assert.equal(config["DOMAIN_NAME"], "localhost");
    assert.equal(config["ALLOCATION_TOKEN_HASH"], "[redacted]");
    const [details] = asObjects((await get("/about/executions/details", { headers })).json);
    const dump = asObject(details?.[vm]);
    assert.deepEqual([dump["is_running"], dump["vm_hash"]], [true, vm]);
    assert.deepEqual(dump["message"], content);
    const one = await node.asAdmin("GET", `/about/executions/details?ref=${vm}`);
    assert.deepEqual(asObjects(one.json).map(Object.keys), [[vm]]);
    for (const where of ["/about/config", "/about/executions/details"]) {
      assertSays(await get(where), 401, { error: "401 Invalid token" });
      assertSays(await get(where, { headers: { cookie: "token=no" } }), 401, {
        error: "401 Invalid token",
      });
    }
  });

  story(
    "GET /about/usage/system and /about/capability: compact, with the host's own figures",
    async () => {
      const usage = await get("/about/usage/system");
      assert.match(usage.text, /^\{"cpu":\{"count":\d+,"load_average":\{"load1":\d+\.\d+,/);
      assert.match(
        usage.text,
        /"period":\{"start_timestamp":"[-\d]+T\d\d:\d\d:00Z","duration_seconds":60\.0\}/,
      );
      const capability = await get("/about/capability");
      assert.match(capability.text, /"clock":(?:null|\d+),"clock_units":null\}\}$/);
      const { count } = asObject(asObject(capability.json)["cpu"]);
      assert.equal(count, asObject(asObject(usage.json)["cpu"])["count"]);
    },
  );

  story(
    "GET /about/certificates: four certificates, as a file that is asked for in parts",
    async () => {
      const whole = await get("/about/certificates");
      assert.equal(whole.headers["content-type"], "application/octet-stream");
      const usages = [0, 1, 2, 3].map((index) => whole.body.readUInt32LE(index * 2084 + 8));
      assert.deepEqual([whole.body.length, ...usages], [8336, 0x1003, 0x1002, 0x1001, 0x1004]);
      const etag = String(whole.headers["etag"]);
      const same = await get("/about/certificates", { headers: { "if-none-match": etag } });
      assert.deepEqual([same.status, same.text, same.headers["etag"]], [304, "", etag]);
      const since = String(whole.headers["last-modified"]);
      const fresh = await get("/about/certificates", { headers: { "if-modified-since": since } });
      assert.equal(fresh.status, 304);
      const part = await get("/about/certificates", { headers: { range: "bytes=2084-2091" } });
      assert.deepEqual([part.status, part.headers["content-range"]], [206, "bytes 2084-2091/8336"]);
      assert.deepEqual(part.body, whole.body.subarray(2084, 2092));
    },
  );

  story("GET /status/config and /status/check/version: what it is", async () => {
    const config = await get("/status/config");
    const parts = "DOMAIN_NAME node_hash version references security networking debug payment";
    assert.deepEqual(Object.keys(asObject(config.json)), [...parts.split(" "), "computing"]);
    assert.match(config.text, /"PAYMENT_MONITOR_INTERVAL": 60\.0\}/);
    const where = "/status/check/version";
    const version = textIn(config.json, "version");
    assertSays(await get(where), 200, version);
    const accept = { headers: { accept: "application/json" } };
    assertSays(await get(where, accept), 200, { version });
    assertSays(await get(`${where}?reference=v1.0`), 200, `Up-to-date: version ${version} >= 1.0`);
    const outdated = await get(`${where}?reference=99`);
    assertSays(outdated, 403, { error: `Outdated: version ${version} < 99` });
    assertSays(await get(`${where}?reference=zz`), 400, { error: "Invalid version: 'zz'" });
  });

  story(
    "GET /status/check/host and /status/check/ipv6: the world, from here and from a guest",
    async () => {
      const [ipv4, ipv6] = [await familyHere(4), await familyHere(6)];
      const isWell = ipv4.dns && ipv6.dns;
      assertSays(await get("/status/check/host"), isWell ? 200 : 503, { ipv4, ipv6 });
      assertSays(await get("/status/check/ipv6"), 200, { host: true, vm: true });
      assert.equal((await stage.inFirstList(program))?.["vm_type"], "microvm");
    },
  );

  story(
    "GET /status/check/fastapi and /legacy: a program is run, one that is not there is not well",
    async () => {
      const well = await get("/status/check/fastapi");
      assertSays(well, 200, all([...OLD_CHECKS, "get_a_message", "lifespan"], true));
      const known = Object.keys(asObject((await get("/about/executions/list")).json));
      assert.ok(known.includes(program), "the program runs in a VM");
      const compatible = await get("/status/check/fastapi?retro-compatibility=true");
      assertSays(compatible, 200, all(OLD_CHECKS, true));
      const legacy = await get("/status/check/fastapi/legacy");
      assertSays(legacy, 503, all(OLD_CHECKS, false));
    },
  );

  story("GET /debug/haproxy: where there is none it says so", async () => {
    const none = "no socket";
    assertSays(await get("/debug/haproxy"), 404, { error: none, status: none });
  });

  story("POST update: an owner's ports are opened, also where the Python client asks", async () => {
    const ports = { ports: { "8080": { tcp: true, udp: true } } };
    assertSays(await operate("POST", at("update"), { json: ports }), 200, {});
    assert.deepEqual(Object.keys(await stage.mappedPorts()), ["22", "8080"]);
    assertSays(await ask("POST", `/control/${vm}/update`), 200, {});
    assertSays(await ask("POST", at("update", UNKNOWN)), 404, { error: "404: VM not found" });
    assertSays(await ask("POST", at("update", "zz")), 400, { error: "Invalid ref: 'zz'" });
  });

  story(
    "POST /control/network/recreate and /control/proxy/regenerate: ports lead where they led",
    async () => {
      await until("ssh answers from outside", () => stage.sshAnswers());
      const answer = await node.asAdmin("POST", "/control/network/recreate");
      const report = asObject(answer.json);
      assert.deepEqual([answer.status, report["success"], report["failed_count"]], [200, true, 0]);
      const recreated: unknown = report["recreated_vms"];
      assert.ok(Array.isArray(recreated) && recreated.includes(vm), answer.text);
      assert.equal(await stage.sshAnswers(), true);
      assertSays(await node.asAdmin("POST", "/control/proxy/regenerate"), 200, {
        success: true,
        message: "HAProxy configuration regenerated successfully",
      });
    },
  );

  const stream = () => `ws://localhost:${node.port}${at("stream_logs")}`;
  story(
    "GET stream_logs: who says something else is told what, and the connection ends in order",
    async () => {
      const auth = "Invalid format for auth packet, see /doc/operator_auth.md";
      const rows: readonly (readonly [first: string | Buffer, reason: string])[] = [
        ["hello", "Expecting value: line 1 column 1 (char 0)"],
        [Buffer.from("hi"), "Received message 2:b'hi' is not WSMsgType.TEXT"],
        ["{}", "missing 'auth' key in message"],
        ['{"auth": null}', "missing 'auth' key in message"],
        ['{"auth": "x"}', auth],
        ["[1]", "missing 'auth' key in message"],
        [alice.greeting({ domain: "evil.example.org" }), "Invalid domain"],
        [stranger.greeting(), "unauthorized sender"],
      ];
      for (const [first, reason] of rows) {
        const { frames, code } = await watchLogs(stream(), first);
        assert.deepEqual(
          [frames.map((it) => JSON.parse(it)), code],
          [[{ status: "failed", reason }], 1000],
        );
      }
      const late = new Date(Date.now() - 600_000).toISOString();
      const stale = await watchLogs(stream(), alice.greeting({ time: late }));
      assert.match(stale.frames[0] ?? "", /^\{"status": "failed", "reason": ".*past/);
      const forged = JSON.parse(alice.greeting());
      forged.auth["X-SignedOperation"].signature = "00".repeat(64);
      const { frames } = await watchLogs(stream(), JSON.stringify(forged));
      assert.deepEqual(frames, ['{"status": "failed", "reason": "Signature could not verified"}']);
    },
  );

  story("GET stream_logs: the owner hears the past, and what comes", async () => {
    const { frames } = await watchLogs(stream(), alice.greeting(), (it) => it.includes("stdout"));
    assert.equal(frames[0], '{"status": "connected"}');
    assert.match(frames[1] ?? "", /^\{"type": "stdout", "message": ".*"\}$/);
    const { request, response } = await node.api.open("GET", at("stream_logs"), {
      headers: alice.headers("GET", at("stream_logs")),
    });
    assert.equal(response.headers["content-type"], "application/x-ndjson");
    const [piece] = await response[Symbol.asyncIterator]()
      .next()
      .then(({ value }) => [String(value)]);
    assert.match(piece ?? "", /^\{"type": "stdout", "message": ".*"\}\n/);
    request.destroy();
    const error = 'No WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".';
    assertSays(await get(at("stream_logs")), 400, { error });
    const unknown = await get(at("stream_logs", UNKNOWN));
    assertSays(unknown, 404, { error: `No execution found for VM ${UNKNOWN}` });
  });

  story("GET stream_logs: the upgrade bears the node's name, and lets pages in", async () => {
    const { status, headers } = await upgradeFrom(PAGE, node.port, at("stream_logs"));
    assert.equal(status, 101);
    assert.match(headers.get("server") ?? "", /^aleph-vm\//);
    assert.equal(headers.get("access-control-allow-origin"), PAGE);
    assert.equal(headers.get("access-control-allow-credentials"), "true");
  });

  /** entries of the log, each on a line of its own */
  async function logEntries(): Promise<readonly JsonObject[]> {
    const answer = await operate("GET", at("logs"));
    assert.deepEqual(
      [answer.status, answer.headers["content-type"], answer.headers["transfer-encoding"]],
      [200, "application/json", "chunked"],
    );
    const entries = asObjects(answer.json);
    assert.equal(answer.text.split(",\n").length, entries.length);
    return entries;
  }

  story("GET logs: all that was said, in journald's words", async () => {
    const [first] = await logEntries();
    const keys = ["SYSLOG_IDENTIFIER", "MESSAGE", "file", "__REALTIME_TIMESTAMP"];
    assert.deepEqual(Object.keys(first ?? {}), keys);
    assert.deepEqual(
      [first?.["SYSLOG_IDENTIFIER"], first?.["file"]],
      [`vm-${vm}-stdout`, "stdout"],
    );
    assert.match(String(first?.["__REALTIME_TIMESTAMP"]), AWARE);
    const error = "No execution found for this VM";
    assertSays(await operate("GET", at("logs", UNKNOWN)), 404, { error });
  });

  story("POST reboot, expire and stop: texts, and what they say is so", async () => {
    assertSays(await operate("POST", at("reboot")), 200, `Rebooted VM with ref ${vm}`);
    assertSays(await operate("POST", at("expire?timeout=0")), 400, {
      error: "Invalid timeout duration",
    });
    const expiring = await operate("POST", at("expire?timeout=1"));
    assertSays(expiring, 200, `Expiring VM with ref ${vm} in 1.0 seconds`);
    await until("it has expired", () => stopped(vm));
    assertSays(await operate("POST", at("stop")), 200, "Already stopped, nothing to do");
  });

  story("of a VM that was stopped there are its logs, its past, and its record", async () => {
    assert.ok((await logEntries()).length > 0);
    const { frames, code } = await watchLogs(stream(), alice.greeting());
    assert.equal(code, 1000);
    assert.equal(frames[0], '{"status": "connected"}');
    assert.equal(
      frames.at(-1),
      '{"type": "system", "message": "VM is not running, past logs sent"}',
    );
    assert.ok(frames.length > 2, frames.join("\n"));
    assert.equal(await stage.inFirstList(vm), undefined);
    const records = asObjects((await get("/about/executions/records")).json);
    const record = records.find((row) => row["vm_hash"] === vm);
    assert.equal(record?.["persistent"], false);
    assert.match(String(record?.["time_stopping"]), NAIVE);
    assert.deepEqual(JSON.parse(textIn(record ?? {}, "message")), content);
    const active = asObjects((await get("/about/executions/records?active=true")).json);
    assert.ok(!active.some((row) => row["vm_hash"] === vm));
  });

  story("POST reboot, stop and erase: a stopped VM starts, an erased one is unknown", async () => {
    assertSays(
      await operate("POST", at("reboot")),
      200,
      `Starting VM (was not running) with ref ${vm}`,
    );
    await until("it runs", async () => (await node.listed(vm))?.["running"] === true);
    assertSays(await operate("POST", at("stop")), 200, `Stopped VM with ref ${vm}`);
    assertSays(await operate("POST", at("erase")), 200, `Erased VM with ref ${vm}`);
    const error = `No virtual machine with ref ${vm}`;
    for (const operation of ["stop", "erase", "reboot", "expire", "reinstall"]) {
      assertSays(await operate("POST", at(operation)), 404, { error });
      assertSays(await operate("POST", at(operation, "zz")), 400, { error: "Invalid ref: 'zz'" });
    }
  });

  story(
    "POST /control/allocation/notify: a confidential instance waits, and nothing of it runs",
    async () => {
      const where = "/control/allocation/notify";
      const answer = await ask("POST", where, { json: { instance: confidential } });
      assertSays(answer, 200, { success: true, successful: true, failing: [], errors: {} });
      const listed = asObject((await get("/about/executions/list")).json)[confidential];
      assert.equal(asObject(listed)["awaiting_confidential_init"], true);
      const error = `Hash not found: ${UNKNOWN}`;
      assertSays(await ask("POST", where, { json: { instance: UNKNOWN } }), 404, { error });
      assertSays(await ask("POST", where, { json: { instance: program } }), 400, {
        error: "400: Message is not an instance",
      });
      assertSays(await ask("POST", where, { body: "{" }), 400, { error: "Body is not valid JSON" });
      const none = await operate("GET", at("confidential/measurement", confidential));
      assertSays(none, 403, { error: "Operation not running" });
    },
  );

  story(
    "POST initialize, GET measurement, POST inject_secret: its owner's secret, and no other",
    async () => {
      const it = (operation: string) => at(`confidential/${operation}`, confidential);
      const files = guestOwner.session((await get("/about/certificates")).body, POLICY);
      const missing = await operate("POST", it("initialize"), urlencoded({ godh: files.godh }));
      const description = "Session field is missing";
      assertSays(missing, 400, { code: "field_missing", description });
      const begun = await operate("POST", it("initialize"), urlencoded({ ...files }));
      assertSays(begun, 200, `Started VM with ref ${confidential}`);
      const again = await operate("POST", it("initialize"), urlencoded({ ...files }));
      assert.equal(textIn(again.json, "code"), "vm_running");

      const measured = await operate("GET", it("measurement"));
      const { sev_info: info, launch_measure: measure } = asObject(measured.json);
      const keys = ["enabled", "api_major", "api_minor", "build_id", "policy", "state", "handle"];
      assert.deepEqual(Object.keys(asObject(info)), keys);
      assert.equal(asObject(info)["state"], "launch-secret");

      const other = new GuestOwner().seal(PASSPHRASE, String(measure));
      const packet = ({ packetHeader, secret }: typeof other) => ({
        packet_header: packetHeader,
        secret,
      });
      const refused = await operate("POST", it("inject_secret"), { json: packet(other) });
      assert.equal(refused.status, 500, refused.text);
      const right = guestOwner.seal(PASSPHRASE, String(measure));
      const injected = await operate("POST", it("inject_secret"), { json: packet(right) });
      const status = { status: "running", singlestep: false, running: true };
      assertSays(injected, 200, { status });
      const said = async () => (await operate("GET", at("logs", confidential))).text;
      await until("the guest shows its secret", async () => (await said()).includes(PASSPHRASE));
      const gone = async () => (await node.listed(confidential))?.["running"] !== true;
      await until("the guest has switched itself off", gone);
    },
  );

  story("pages may ask where the API says so, and nothing is a wrong method", async () => {
    const rows = stage.pageRoutes();
    assert.equal(rows.length, 28); // and allocations, which no page may ask for
    for (const [method, where] of rows) {
      const headers = {
        origin: PAGE,
        "access-control-request-method": method,
        "access-control-request-headers": "x-signedpubkey, content-type",
      };
      const answer = await ask("OPTIONS", where, { headers });
      const allowed = ["origin", "methods", "headers", "credentials"].map(
        (it) => answer.headers[`access-control-allow-${it}`],
      );
      const wanted = [PAGE, method, "CONTENT-TYPE,X-SIGNEDPUBKEY", "true"];
      assert.deepEqual([answer.status, answer.text, ...allowed], [200, "", ...wanted], where);
    }
    const origin = { headers: { origin: PAGE, "access-control-request-method": "POST" } };
    const error = "404: Invalid message reference";
    assertSays(await ask("OPTIONS", "/control/allocations", origin), 404, { error });
    assertSays(await ask("PUT", "/control/allocations"), 404, { error });
    assertSays(await get("/control/allocations"), 404, { error: "404: Not Found" });
    const simple = await get("/status/check/version?reference=99", { headers: { origin: PAGE } });
    const exposed = simple.headers["access-control-expose-headers"];
    assert.deepEqual([simple.status, exposed], [403, "Content-Length,Date,Server"]);
  });

  story(
    "a node that drains answers for itself, ends the calls it has, and takes no new ones",
    async () => {
      const call = get(`/vm/${program}/slow`);
      await delay(CALL_MS);
      process.kill(node.host.daemon.pid, "SIGTERM");
      const draining = "Server is draining, try another node";
      const drains = async () => (await get(`/vm/${UNKNOWN}/`)).status === 503;
      await until("the node drains", drains);
      assertSays(await get(`/vm/${program}/`), 503, { error: draining });
      assert.equal((await get("/about/executions/list")).status, 200);
      assertSays(await get("/v2/about/executions/list", { headers: { host: "other.org" } }), 503, {
        error: draining,
      });
      assert.equal((await call).text, '"slept"');
      await node.host.daemon.ended;
    },
  );
});

function urlencoded(parts: Readonly<Record<string, string>>): Ask {
  const body = new URLSearchParams(parts).toString();
  return { body, headers: { "content-type": "application/x-www-form-urlencoded" } };
}

function all(checks: readonly string[], result: boolean): object {
  return Object.fromEntries(checks.map((it) => [it, result]));
}

/** What a node says of a family that the world outside has; its name is this host's own, which not every host has in both. */
async function familyHere(family: 4 | 6) {
  const found = await lookup("localhost", { family }).catch(() => undefined);
  const named = found !== undefined;
  return { egress: true, dns: named, domain: named, http: true };
}
