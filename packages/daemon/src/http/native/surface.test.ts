/** Alcove's own API over a fake host: what its routes add to what the core's tests show. */

import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { fakeNative } from "#testing/fake-native.ts";

import { application, serve } from "../server.ts";
import { native } from "./surface.ts";

async function served(host: FakeHost) {
  const vms = await host.open();
  const { parts, ...fake } = await fakeNative(host, vms);
  const app = await application([native(parts, host.log)], undefined);
  const server = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const url = (path: string) => `http://127.0.0.1:${server.port}/v1${path}`;
  const end = async () => {
    await server[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
  };
  return { vms, url, [Symbol.asyncDispose]: end };
}

function openLogs(): number {
  const fds = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return []; // closed meanwhile: the listing itself, for one
    }
  });
  return fds.filter((file) => file.endsWith("/console.log")).length;
}

test("native console: asking for the headers alone opens nothing", async () => {
  await using host = await FakeHost.make();
  await using api = await served(host);
  const vm = await api.vms.create("sbox", aRequest({}), never);
  await eventually("the VM runs", () => vm.phase === "running");
  const answer = await fetch(api.url(`/vms/${vm.record.hostname}/console`), { method: "HEAD" });
  assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "GET"]);
  assert.equal(openLogs(), 0);
});

test("native console: a quiet VM is followed all the same: the answer begins at once", async () => {
  await using host = await FakeHost.make();
  await using api = await served(host);
  const vm = await api.vms.create("sbox", aRequest({}), never);
  await eventually("the VM runs", () => vm.phase === "running");
  const reader = new AbortController();
  const path = `/vms/${vm.record.hostname}/console`;
  const { status } = await fetch(api.url(path), { signal: reader.signal });
  assert.equal(status, 200);
  reader.abort();
});

test("native console: a reader that leaves closes the log", async () => {
  await using host = await FakeHost.make();
  await using api = await served(host);
  const vm = await api.vms.create("sbox", aRequest({}), never);
  await eventually("the VM runs", () => vm.phase === "running");
  const reader = new AbortController();
  const path = `/vms/${vm.record.hostname}/console`;
  const reading = fetch(api.url(path), { signal: reader.signal });
  await eventually("the log is open", () => openLogs() === 1);
  reader.abort();
  await assert.rejects(reading.then((answer) => answer.text()));
  await eventually("the log is closed", () => openLogs() === 0);
});

test("native console: what is kept comes first when it is asked for", async () => {
  await using host = await FakeHost.make();
  await using api = await served(host);
  const vm = await api.vms.create("sbox", aRequest({}), never);
  await eventually("the VM runs", () => vm.phase === "running");
  await appendFile(host.disks.consoleLogPath(vm.record.id), "it boots\nlogin:");
  const path = `/vms/${vm.record.hostname}/console`;
  const leaves = new AbortController();
  const answer = await fetch(api.url(`${path}?tail_bytes=6`), { signal: leaves.signal });
  const first = await answer.body?.getReader().read();
  assert.equal(new TextDecoder().decode(first?.value), "login:");
  leaves.abort();
  assert.equal((await fetch(api.url(`${path}?tail_bytes=-1`))).status, 400);
});

test("native console: a VM that has not written anything yet is 404, not a fault of ours", async () => {
  await using host = await FakeHost.make();
  await using api = await served(host);
  const vm = await api.vms.create("sbox", aRequest({ kind: "persistent" }), never);
  await eventually("the VM runs", () => vm.phase === "running");
  await vm.stop(never);
  await host.disks.remove(vm.record.id);
  const answer = await fetch(api.url(`/vms/${vm.record.hostname}/console`));
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /"log_not_found"/);
});
