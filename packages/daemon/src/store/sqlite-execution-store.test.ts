import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import type { ExecutionRecord } from "#core/aleph/execution/record.ts";
import type { ItemHash } from "#core/aleph/item-hash.ts";
import { hashOf, instanceContent, messageOf } from "#testing/aleph-source.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { openDb } from "./db.ts";
import { SqliteExecutionStore } from "./sqlite-execution-store.ts";

const VM = hashOf("1");
const OTHER = hashOf("2");
const SSH = { vmPort: 22, hostPort: 24_000, tcp: true, udp: false };
const WEB = { vmPort: 80, hostPort: 24_001, tcp: true, udp: true };
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

function aRecord(uuid: string, changes: Partial<ExecutionRecord> = {}): ExecutionRecord {
  const message = messageOf(changes.vmHash ?? VM, instanceContent());
  return {
    uuid,
    vmHash: VM,
    vmId: 4,
    vmType: "instance",
    network: {
      vmId: 4,
      tap: "vmtap4",
      ipv4: { network: "172.16.4.0/24", host: "172.16.4.1", guest: "172.16.4.2" },
      ipv6: { network: "fc00::/124", host: "fc00::", guest: "fc00::1" },
      internet: true,
      dns: ["192.0.2.53"],
    },
    message,
    original: message,
    times: {
      defined: at(1),
      preparing: at(2),
      prepared: undefined,
      starting: undefined,
      started: undefined,
      stopping: undefined,
      stopped: undefined,
    },
    persistent: true,
    expiresAt: undefined,
    task: undefined,
    gpus: [{ pciHost: "01:00.0", supportsXVga: true }],
    ports: [SSH],
    ended: undefined,
    confidential: undefined,
    ...changes,
  };
}

function ended(uuid: string, vmHash: ItemHash, end: ExecutionRecord["ended"]): ExecutionRecord {
  const times = { ...aRecord(uuid).times, prepared: end === "failed" ? undefined : at(3) };
  return aRecord(uuid, { vmHash, ended: end, times });
}

test("execution store: what is kept comes back as it was, also after a restart", async () => {
  await using dir = await tempDir();
  const file = path.join(dir.path, "alcove.sqlite");
  const plain = aRecord("a");
  const newer = messageOf(OTHER, instanceContent({ time: 5 }));
  const full = aRecord("b", {
    vmHash: OTHER,
    message: newer,
    persistent: false,
    expiresAt: at(50),
    task: { what: "stop", end: "erased", ports: "release" },
    confidential: {
      policy: 5,
      firmware: undefined,
      step: "awaiting secret",
      launch: { session: "YQ==", godh: "Yg==" },
    },
  });
  {
    using db = openDb(file);
    const store = new SqliteExecutionStore(db);
    store.insert(plain);
    store.insert(full);
    store.savePortMappings(VM, [SSH, WEB]);
    assert.throws(() => store.insert(plain), /UNIQUE/);
    assert.throws(() => store.save(aRecord("nobody")), /^Error: invariant/);
  }
  using db = openDb(file);
  const store = new SqliteExecutionStore(db);
  assert.deepEqual(store.all(), [full, plain]);
  assert.deepEqual(store.portMappings(), [
    { ...SSH, vmHash: VM },
    { ...WEB, vmHash: VM },
  ]);

  const changed: ExecutionRecord = {
    ...plain,
    ended: "stopped",
    ports: [],
    times: { ...plain.times, prepared: at(3), started: at(4), stopping: at(5), stopped: at(6) },
  };
  store.save(changed);
  assert.deepEqual(store.all()[1], changed);
});

test("execution store: a host port leads to one VM; what has ended stays as history", () => {
  using db = openDb(":memory:");
  const store = new SqliteExecutionStore(db);
  store.savePortMappings(VM, [SSH, WEB]);
  assert.throws(() => store.savePortMappings(OTHER, [{ ...SSH, vmPort: 23 }]), /UNIQUE/);
  assert.equal(store.portMappings().length, 2, "and nothing has changed");

  const swapped = [
    { ...SSH, hostPort: WEB.hostPort },
    { ...WEB, hostPort: SSH.hostPort },
  ];
  store.savePortMappings(VM, swapped);
  store.savePortMappings(VM, swapped);
  assert.deepEqual(
    store.portMappings().map(({ vmPort, hostPort }) => [vmPort, hostPort]),
    [
      [22, 24_001],
      [80, 24_000],
    ],
  );
  const rows = db.prepare("SELECT deleted_at_ms FROM aleph_port_mapping").all();
  assert.equal(rows.length, 4);
  assert.equal(rows.filter((row) => row["deleted_at_ms"] !== null).length, 2);
  store.savePortMappings(VM, []);
  store.savePortMappings(OTHER, [SSH]);
  assert.deepEqual(store.portMappings(), [{ ...SSH, vmHash: OTHER }]);
});

test("execution store: the oldest of what has ended is forgotten, and never what a VM's disks hang on", () => {
  using db = openDb(":memory:");
  const store = new SqliteExecutionStore(db);
  const [runs, stopped, erased] = ["3", "4", "5"].map(hashOf);
  assert.ok(runs && stopped && erased);
  store.insert(aRecord("runs", { vmHash: runs }));
  store.insert(ended("older stop", stopped, "stopped"));
  store.insert(ended("stop", stopped, "stopped"));
  store.insert(ended("no start", stopped, "failed"));
  store.insert(ended("stop before", erased, "stopped"));
  store.insert(ended("erasure", erased, "erased"));
  db.exec("BEGIN");
  const copy = db.prepare(
    `INSERT INTO aleph_execution (uuid, vm_hash, vm_id, vm_type, network_json, original_json,
       defined_at_ms, persistent, ended, gpus_json, ports_json)
     SELECT ?, ?, vm_id, vm_type, network_json, original_json, defined_at_ms, persistent, 'erased',
       gpus_json, ports_json FROM aleph_execution WHERE uuid = 'runs'`,
  );
  for (let n = 0; n < 2_000; n += 1) copy.run(`filler ${n}`, VM);
  db.exec("COMMIT");
  store.insert(ended("last", VM, "erased"));

  const kept = store.all().map(({ uuid }) => uuid);
  assert.deepEqual(
    kept.filter((uuid) => !uuid.startsWith("filler")),
    ["last", "stop", "runs"],
  );
  assert.equal(kept.filter((uuid) => uuid.startsWith("filler")).length, 1_999);
});
