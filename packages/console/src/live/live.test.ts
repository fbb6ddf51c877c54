import assert from "node:assert/strict";
import { test } from "node:test";

import { QueryClient } from "@tanstack/react-query";

import type { HostEvent } from "@alcove/sdk/browser/index.ts";

import { KEYS } from "../app/keys.ts";
import { aVm } from "./a-vm.ts";
import type { VmAccount } from "./vm-account.ts";
import { applyEvents } from "./apply-events.ts";
import { LiveConnection, type LiveSource, type LiveStatus } from "./live-connection.ts";
import { withNews } from "./news.ts";

function phase(id: number, vm: VmAccount, gone: "gone" | "there" = "there"): HostEvent {
  const { hostname, id: vmId, phase: to } = vm;
  const event = { id, at: "2026-01-02T03:04:05Z", vmId, hostname, input: "x", phase: to };
  return { kind: "vm", data: { ...event, vm: gone === "gone" ? null : vm } };
}

function hello(id: number): HostEvent {
  return { kind: "hello", data: { id, version: "1", startedAt: "2026-01-02T03:04:05Z" } };
}

function namesIn(queries: QueryClient): readonly string[] {
  const list = queries.getQueryData<readonly VmAccount[]>(KEYS.vms) ?? [];
  return list.map((vm) => `${vm.hostname} ${vm.phase}`);
}

test("live: events change, add and remove rows, and leave the order as it is", () => {
  const queries = new QueryClient();
  queries.setQueryData(KEYS.vms, [aVm("a"), aVm("b"), aVm("c")]);
  const changed = applyEvents(queries, [
    phase(1, aVm("b", { phase: "paused" })),
    phase(2, aVm("a"), "gone"),
    phase(3, aVm("d", { phase: "starting" })),
  ]);
  assert.equal(changed, true);
  assert.deepEqual(namesIn(queries), ["b paused", "c running", "d starting"]);
});

test("live: the end of a VM does not take away the new one that has its name", () => {
  const queries = new QueryClient();
  queries.setQueryData(KEYS.vms, []);
  const heir = aVm("a", { id: "newer" });
  applyEvents(queries, [phase(4, heir), phase(3, aVm("a"), "gone")]);
  assert.deepEqual(namesIn(queries), ["a running"]);
});

test("live: a list that was asked for before an event does not take it back", () => {
  const queries = new QueryClient();
  const asked = performance.now();
  applyEvents(queries, [phase(5, aVm("a", { phase: "paused" })), phase(6, aVm("b"), "gone")]);
  const late = withNews([aVm("a"), aVm("b"), aVm("c")], asked);
  assert.deepEqual(
    late.map((vm) => `${vm.hostname} ${vm.phase}`),
    ["a paused", "c running"],
  );
  const next = [aVm("a")];
  assert.deepEqual(withNews(next, performance.now() + 1), next);
});

test("live: what is not known yet is not made up from events", () => {
  const queries = new QueryClient();
  applyEvents(queries, [phase(1, aVm("a"))]);
  assert.equal(queries.getQueryData(KEYS.vms), undefined);
});

test("live: a change of a list makes it be fetched anew, one of a VM does not", () => {
  const queries = new QueryClient();
  for (const key of [KEYS.vms, KEYS.secrets, KEYS.images]) queries.setQueryData(key, []);
  const isStale = (key: readonly string[]) => queries.getQueryState(key)?.isInvalidated;
  applyEvents(queries, [
    { kind: "changed", data: { what: "secrets", name: "token" } },
    { kind: "changed", data: { what: "vm", name: "a", vm: aVm("a", { tags: ["x"] }) } },
  ]);
  assert.deepEqual(
    [isStale(KEYS.vms), isStale(KEYS.secrets), isStale(KEYS.images)],
    [false, true, false],
  );
  assert.deepEqual(namesIn(queries), ["a running"]);
});

test("live: the host's samples join its meters, an hour of them", () => {
  const queries = new QueryClient();
  const at = [0, 5_000, 3_600_000];
  const column = at.map(() => 0.5);
  const samples = {
    at,
    cpu: column,
    load: column,
    netIn: column,
    netOut: column,
    memoryUsed: column,
    memoryTotal: column,
    diskUsed: column,
    diskTotal: column,
  };
  queries.setQueryData(KEYS.hostMeters, { intervalMs: 5_000, samples });
  const none = { memoryUsed: 1, memoryTotal: 1, diskUsed: 1, diskTotal: 1, netIn: 1, netOut: 1 };
  applyEvents(queries, [{ kind: "host", data: { at: 3_605_000, cpu: null, load: 1, ...none } }]);
  const known = queries.getQueryData<{ readonly samples: typeof samples }>(KEYS.hostMeters);
  assert.deepEqual(known?.samples.at, [3_600_000, 3_605_000]);
  assert.deepEqual(known?.samples.cpu, [0.5, null]);
});

/** Says what it is told, and notes where it was asked to begin. */
class ScriptedSource implements LiveSource {
  readonly asked: (number | undefined)[] = [];
  readonly #rounds: HostEvent[][];

  constructor(rounds: HostEvent[][]) {
    this.#rounds = rounds;
  }

  async *events({ after, signal }: { readonly after?: number; readonly signal: AbortSignal }) {
    this.asked.push(after);
    const round = this.#rounds.shift();
    if (!round) await new Promise((_, reject) => signal.addEventListener("abort", reject));
    yield* round ?? [];
    throw new Error("the connection broke");
  }
}

test("live: a stream that breaks is taken up behind the last event, and what is shown is fetched anew", async () => {
  const queries = new QueryClient();
  queries.setQueryData(KEYS.vms, []);
  queries.setQueryData(KEYS.openApi, {});
  const source = new ScriptedSource([
    [hello(7), phase(8, aVm("a"))],
    [hello(9), phase(9, aVm("b"))],
    [hello(30), { kind: "gap", data: { oldest: 20, id: 30 } }],
  ]);
  const told: LiveStatus[] = [];
  const connection = new LiveConnection(source, queries, (status) => told.push(status));
  connection.open();
  while (source.asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  connection.close();
  assert.deepEqual(source.asked, [undefined, 8, 9, 30]);
  assert.deepEqual(told.slice(0, 4), ["connecting", "live", "lost", "live"]);
  assert.equal(queries.getQueryState(KEYS.vms)?.isInvalidated, true);
  assert.equal(queries.getQueryState(KEYS.openApi)?.isInvalidated, false);
});

test("live: however long the daemon is away, it is asked for at least every eight seconds", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const source = new ScriptedSource(Array.from({ length: 200 }, () => []));
  const connection = new LiveConnection(source, new QueryClient(), () => {});
  connection.open();
  const everySecond = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      context.mock.timers.tick(1_000);
    }
  };
  await everySecond(120);
  const before = source.asked.length;
  await everySecond(80);
  connection.close();
  assert.ok(source.asked.length - before >= 10, `${source.asked.length - before} times in 80 s`);
});
