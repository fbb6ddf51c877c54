/** The browser's client against a host, with the `fetch` and `WebSocket` that Node has too. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

import { FakeHost } from "../testing/fake-host.ts";
import { rawServer } from "../testing/with-host.ts";
import { XmlHttpRequest } from "../testing/xml-http-request.ts";
import { arrayCodec } from "./array-codec.ts";
import { AlcoveClient, AlcoveConnectionError, AlcoveInputError } from "./index.ts";

/** Every module that an entry reaches, read from the sources. */
function reachable(entry: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  seen.add(entry);
  if (!entry.endsWith(".ts")) return seen;
  const source = readFileSync(entry, "utf8");
  for (const [, specifier = ""] of source.matchAll(/(?:from|import)\s+"([^"]+)"/g)) {
    const target = specifier.startsWith(".")
      ? path.join(path.dirname(entry), specifier)
      : specifier;
    if (!seen.has(target)) reachable(target, seen);
  }
  return seen;
}

describe("browser client", { timeout: 60_000 }, () => {
  test("its modules need nothing that a browser does not have", () => {
    const modules = [...reachable(path.join(import.meta.dirname, "index.ts"))];
    assert.ok(modules.length > 20, `only ${modules.length} were read`);
    const foreign = modules.filter((name) => !name.endsWith(".ts"));
    assert.deepEqual(foreign, ["@alcove/api"]); // types alone
    assert.deepEqual(
      modules.filter((name) => name.includes("/node/")),
      [],
    );
    for (const name of modules.filter((one) => one.endsWith(".ts"))) {
      assert.doesNotMatch(readFileSync(name, "utf8"), /\b(Buffer\.|process\.|NodeJS\.)/, name);
    }
  });

  test("a VM's life: create, exec, files, secrets, errors", async () => {
    await using host = await FakeHost.open({ token: "t" });
    using client = new AlcoveClient({ baseURL: host.url, token: "t" });
    await using vm = await client.vms.create("sbox", { tags: ["x"] }, { wait: "agent" });
    const content = new Uint8Array(randomBytes(200_000));
    const counted = await vm.execBuffered({ command: "wc", args: ["-c"], stdin: content });
    assert.equal(counted.stdout.trim(), "200000");
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, 7);
      yield content.subarray(7);
    }
    await vm.fs.writeFile("/f", pieces());
    assert.deepEqual(await vm.fs.readFile("/f"), content);
    await client.secrets.create({ name: "s", data: "geheim" });
    assert.equal(host.secrets.all.get("s")?.data.toString(), "geheim");
    await assert.rejects(vm.fs.readFile("/none"), { status: 404, code: "path_not_found" });
    using stranger = new AlcoveClient({ baseURL: host.url, token: "wrong" });
    await assert.rejects(stranger.info(), { status: 401, code: "unauthenticated" });
  });

  test("leaving a stream early ends the command; an abort ends with its reason", async () => {
    await using host = await FakeHost.open();
    host.addVm("vm-1");
    using client = new AlcoveClient({ baseURL: host.url });
    const vm = client.vms.attach("sbox", "vm-1");
    for await (const frame of vm.exec({ command: "yes" })) if (frame.type === "stdout") break;
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    const { signal } = controller;
    await assert.rejects(vm.execBuffered({ command: "sleep", args: ["60"] }, { signal }), reason);
  });

  test("a shell echoes and ends", async () => {
    await using host = await FakeHost.open();
    host.addVm("vm-1");
    using client = new AlcoveClient({ baseURL: host.url });
    const vm = client.vms.attach("sbox", "vm-1");
    await using shell = await vm.shell({ size: { cols: 90, rows: 30 } });
    await shell.write("hi");
    await shell.write("\u0004");
    const decoder = new TextDecoder();
    const seen = await Array.fromAsync(shell.output, (bytes) => decoder.decode(bytes));
    assert.equal(seen.join(""), "90x30\r\nhi\u0004");
    await shell.ended;
    const missing = client.vms.attach("sbox", "vm-9");
    await assert.rejects(missing.shell(), AlcoveConnectionError);
  });

  test("no answer, an answer that breaks off and a wrong address are told apart", async () => {
    using nobody = new AlcoveClient({ baseURL: "http://127.0.0.1:1" });
    await assert.rejects(nobody.info(), AlcoveConnectionError);
    await using odd = await rawServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": 100 });
      response.write("{");
      setTimeout(() => response.destroy(), 20);
    });
    using broken = new AlcoveClient({ baseURL: odd.url });
    await assert.rejects(broken.info(), AlcoveConnectionError);
    for (const baseURL of ["/run/api.sock", "ftp://x", "http://x/v1"]) {
      assert.throws(() => new AlcoveClient({ baseURL }), AlcoveInputError, baseURL);
    }
  });

  test("an upload tells how far it is, and fails and is called off as other calls", async () => {
    Object.assign(globalThis, { XMLHttpRequest: XmlHttpRequest });
    await using host = await FakeHost.open({ token: "t" });
    host.addVm("vm-1");
    using client = new AlcoveClient({ baseURL: host.url, token: "t" });
    const vm = client.vms.attach("sbox", "vm-1");
    const content = new Uint8Array(randomBytes(200_000));
    const seen: number[] = [];
    const onBytes = (sent: number): void => void seen.push(sent);
    const target = { path: "/up", mode: "binary" } as const;
    await vm.upload(target, new Blob([content]), { onBytes });
    assert.deepEqual(await vm.fs.readFile("/up"), content);
    assert.deepEqual([seen.length, seen.at(-1)], [4, 200_000]);
    using stranger = new AlcoveClient({ baseURL: host.url, token: "wrong" });
    const refused = stranger.vms.attach("sbox", "vm-1").upload(target, new Blob(["x"]));
    await assert.rejects(refused, { status: 401, code: "unauthenticated" });
    const reason = new Error("called off");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(vm.upload(target, new Blob(["x"]), { signal }), reason);
    const calledOff = new AbortController();
    const late = vm.upload(target, new Blob([content]), {
      onBytes: () => calledOff.abort(reason),
      signal: calledOff.signal,
    });
    await assert.rejects(late, reason);
    using nobody = new AlcoveClient({ baseURL: "http://127.0.0.1:1" });
    const lost = nobody.vms.attach("sbox", "vm-1").upload(target, new Blob(["x"]));
    await assert.rejects(lost, AlcoveConnectionError);
  });

  test("a link to a file names what a browser is to save, and nothing else", async () => {
    await using host = await FakeHost.open();
    host.addVm("vm-1");
    using client = new AlcoveClient({ baseURL: host.url, token: "t" });
    const vm = client.vms.attach("sbox", "vm-1");
    await vm.fs.writeFile("/a&mode=tar #x", "geheim");
    const link = vm.downloadUrl("/a&mode=tar #x", "binary");
    assert.ok(link.startsWith(host.url));
    assert.equal(await (await fetch(link)).text(), "geheim");
  });

  test("a serial console is followed until its reader leaves", async () => {
    const asked: (string | undefined)[] = [];
    const closed = Promise.withResolvers<void>();
    await using quiet = await rawServer(({ url }, response) => {
      asked.push(url);
      response.writeHead(200).write("login: ");
      response.once("close", closed.resolve);
    });
    using client = new AlcoveClient({ baseURL: quiet.url });
    const live = await client.vms.attach("sbox", "vm-1").console({ tailBytes: 7 });
    for await (const bytes of live) {
      assert.equal(new TextDecoder().decode(bytes), "login: ");
      break;
    }
    await closed.promise;
    assert.deepEqual(asked, ["/v1/vms/vm-1/console?tail_bytes=7"]);
  });

  test("its base64 is that of the contract", () => {
    const bytes = new Uint8Array(randomBytes(70_001));
    const text = arrayCodec.toBase64(bytes);
    assert.equal(text, Buffer.from(bytes).toString("base64"));
    assert.deepEqual(arrayCodec.fromBase64(text), bytes);
    assert.throws(() => arrayCodec.fromBase64("*"), /base64/);
  });
});
