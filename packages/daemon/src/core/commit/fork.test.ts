import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError, type ErrorCode } from "#core/errors.ts";
import { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { machineIdOf } from "#core/vm/boot-plan.ts";
import { FIXUPS } from "#core/vm/vm.ts";
import { refusal } from "#drivers/fake/refusal.ts";
import { GIB, MIB } from "#lib/bytes.ts";
import {
  aCommitOrder,
  aForkOrder,
  commitStage,
  type CommitStage,
  untilAgent,
} from "#testing/commit-stage.ts";
import { eventually } from "#testing/eventually.ts";
import { fakeCommits } from "#testing/fake-commits.ts";
import { type FakeHost, never } from "#testing/fake-host.ts";
import { dialerWith, silentDialer } from "#testing/troubles.ts";

import type { ForkOrder } from "./fork.ts";

function is(code: ErrorCode) {
  return (error: unknown) => AlcoveError.is(error, code);
}

const ISOLATED = { mode: "isolated", range: undefined, allow: [], drop: ["10.0.0.0/8"] } as const;

async function forked(
  { commits, source }: CommitStage,
  different: Partial<ForkOrder> = {},
  wait: typeof untilAgent | "none" = untilAgent,
) {
  const { id } = await commits.create(source, aCommitOrder(), never);
  const order = aForkOrder(different);
  return commits.fork(id, { order, wait: wait === "none" ? undefined : wait }, never);
}

test("fork: the child boots from the commit's layer, as somebody of its own", async () => {
  await using it = await commitStage({ request: { tags: ["a", "name=web"] } });
  const { host, source } = it;
  const child = await forked(it);

  const { record } = child;
  assert.equal(record.hostname, "sbox-2");
  assert.equal(record.kind, "persistent");
  assert.equal(record.layer, source.record.layer);
  assert.equal(record.imageId, source.record.imageId);
  assert.deepEqual(record.origin, {
    how: "commit",
    commit: it.commits.newestOf(source.record)?.id,
    fixups: FIXUPS,
  });
  assert.equal(record.receipt?.machineId, machineIdOf(record.id));
  assert.equal(record.receipt?.hostname, "sbox-2");
  const { guest, plan } = host.boxOf(child);
  assert.equal(guest.hostname, "sbox-2");
  assert.match(plan.disks[0]?.backing?.path ?? "", new RegExp(`${record.layer}/disk`));
  const { tags: _, ...inherited } = source.record.spec;
  const { tags, ...spec } = record.spec;
  assert.deepEqual(tags, ["a"], "a friendly name is one VM's");
  assert.deepEqual(spec, inherited);
});

test("fork: its size, tags, kind and lists may be others, within the group's limits", async () => {
  await using it = await commitStage({
    group: { network: ISOLATED },
    request: { tags: ["a", "b"], network: { allow: undefined, drop: ["192.168.0.0/16"] } },
  });
  const child = await forked(it, {
    vcpus: 1,
    memoryBytes: 256 * MIB,
    persistent: false,
    tags: ["b", "c"],
    network: { allow: [], drop: undefined },
  });
  const { spec, kind } = child.record;
  assert.deepEqual([spec.vcpus, spec.memoryMiB, kind], [1, 256, "sandbox"]);
  assert.deepEqual(spec.tags, ["a", "b", "c"]);
  assert.deepEqual(spec.network.override, { allow: [], drop: ["192.168.0.0/16"] });

  const other = await forked(it, { tagMode: "replace", tags: ["z"] });
  assert.deepEqual(other.record.spec.tags, ["z"]);
  assert.deepEqual(other.record.spec.network.override, it.source.record.spec.network.override);
  const none = await forked(it, { tagMode: "replace" });
  assert.deepEqual(none.record.spec.tags, []);
});

test("fork: what cannot be is refused, and there is no child", async () => {
  await using it = await commitStage();
  const refused: readonly (readonly [Partial<ForkOrder>, ErrorCode])[] = [
    [{ vcpus: 3 }, "invalid_request"],
    [{ memoryBytes: 2 * GIB }, "invalid_request"],
    [{ tags: [""] }, "invalid_request"],
    [{ network: { allow: [], drop: undefined } }, "invalid_request"],
    [{ secrets: ["none-such"] }, "invalid_request"],
  ];
  for (const [order, code] of refused) await assert.rejects(forked(it, order), is(code), code);
  assert.equal(it.vms.list().length, 1);
  const nothing = { order: aForkOrder(), wait: undefined };
  await assert.rejects(it.commits.fork("cmt-none", nothing, never), is("commit_not_found"));
});

test("fork: secrets are inherited, others, or none", async () => {
  await using it = await commitStage();
  for (const name of ["one", "two"])
    await it.host.secrets.create(
      { name, content: new SecretBytes(Buffer.from(name)), mode: 0o600, uid: 0, gid: 0 },
      never,
    );
  const given = (child: Awaited<ReturnType<typeof forked>>) =>
    [...it.host.boxOf(child).guest.files.below("/run/slicer/secrets")].map(([name]) => name);
  const all = await forked(it);
  assert.deepEqual([all.record.spec.secrets, given(all).toSorted()], ["all", ["one", "two"]]);
  const some = await forked(it, { secrets: ["two"] });
  assert.deepEqual(given(some), ["two"]);
  const none = await forked(it, { secrets: [] });
  assert.deepEqual([none.record.spec.secrets, given(none)], [[], []]);
});

test("fork: only the fixups that were asked for are done", async () => {
  const asked: unknown[] = [];
  await using it = await commitStage({
    parts: (host) => ({
      dialer: dialerWith(host.dialer, (link) => ({
        reidentify: (identity, signal) => {
          asked.push([identity.machineId, identity.sshHostKeys, identity.network]);
          return link.reidentify(identity, signal);
        },
      })),
    }),
  });
  const child = await forked(it, { fixups: ["machine-id"] });
  assert.deepEqual(asked, [[machineIdOf(child.record.id), undefined, undefined]]);
  assert.equal(child.record.receipt?.sshHostKeys, "kept");
  asked.length = 0;
  const same = await forked(it, { fixups: [] });
  assert.deepEqual([asked, same.record.receipt], [[], undefined]);
});

test("fork: fixups are done once in a VM's life", async () => {
  await using it = await commitStage();
  const child = await forked(it);
  const { receipt } = child.record;
  await child.stop(never);
  await child.start(never);
  await child.contact?.link(never);
  assert.equal(child.record.receipt, receipt);
});

const reidentify = async () => {
  throw refusal("io", "/etc/machine-id: read-only file system");
};

function refusing(host: FakeHost) {
  return { dialer: dialerWith(host.dialer, () => ({ reidentify })) };
}

for (const wait of [untilAgent, "none"] as const) {
  test(`fork: a child that cannot lose its source's identity is gone (wait: ${wait === "none" ? wait : wait.until})`, async () => {
    await using it = await commitStage({ parts: refusing });
    const child = forked(it, {}, wait);
    if (wait !== "none") await assert.rejects(child, /sbox-2 is|not ready/);
    else await child;
    await eventually("it is gone", () => it.vms.list().length === 1);
    const { log } = it.host;
    assert.ok(log.lines.some(({ event }) => event === "vm.unconfirmed"));
  });
}

test("fork: a child that does not answer in time is gone", async () => {
  await using it = await commitStage();
  const { id } = await it.commits.create(it.source, aCommitOrder(), never);
  const vms = await it.host.open({ dialer: silentDialer });
  const late = { order: aForkOrder(), wait: { until: "agent", timeoutMs: 50 } } as const;
  await assert.rejects(fakeCommits(it.host, vms).fork(id, late, never), is("timed_out"));
  assert.equal(vms.list().length, 1);
});

test("fork: a daemon that ends before the fixups leaves them to the next", async () => {
  await using it = await commitStage();
  const { host } = it;
  const { id } = await it.commits.create(it.source, aCommitOrder(), never);
  const first = await host.open({ dialer: silentDialer });
  const child = await fakeCommits(host, first).fork(
    id,
    { order: aForkOrder(), wait: undefined },
    never,
  );
  await eventually("it runs", () => child.phase === "running");
  await first.abandonAll();

  const next = await host.open();

  const again = next.get(child.record.hostname);
  await again.contact?.link(never);
  assert.equal(again.record.receipt?.machineId, machineIdOf(child.record.id));
});

test("fork: a child of a child stands on both", async () => {
  await using it = await commitStage();
  const child = await forked(it);
  await child.stop(never);
  const second = await it.commits.create(child, aCommitOrder(), never);
  const grandchild = await it.commits.fork(
    second.id,
    { order: aForkOrder(), wait: untilAgent },
    never,
  );
  assert.equal(grandchild.record.layer, second.layer);
  assert.equal(it.commits.newestOf(child.record), second);
});
