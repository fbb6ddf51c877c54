import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { ExecutionStage } from "#testing/aleph-executions.ts";
import { hashOf, OWNER, PARENT } from "#testing/aleph-source.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";

import type { ItemHash } from "../item-hash.ts";
import { Refusal } from "../refusal.ts";
import type { Executions } from "./executions.ts";

const VM = hashOf("1");
const OTHER = hashOf("2");
const SSH = { vmPort: 22, hostPort: 24_000, tcp: true, udp: false };

function wanting(...instances: readonly ItemHash[]) {
  return { persistentVms: [], instances };
}

async function running(stage: ExecutionStage, vmHash: ItemHash = VM): Promise<Executions> {
  stage.source.publish(vmHash);
  const executions = stage.open();
  await executions.ensureRunning(vmHash, never);
  return executions;
}

test("executions: an instance that is wanted runs, at its place and with its port, and is stored", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  const executions = stage.open();

  const report = await executions.allocate(wanting(VM), never);

  assert.deepEqual(report, { successful: [VM], failing: [], stopped: [], errors: {} });
  const view = executions.find(VM);
  assert.equal(view?.state, "running");
  assert.equal(view.running, true);
  assert.deepEqual(view.record.ports, [SSH]);
  assert.equal(view.record.vmId, 4);
  assert.equal(view.record.network.ipv4.network, "172.16.4.0/24");
  assert.equal(view.record.network.tap, "vmtap4");
  const machine = stage.room.machines.get(VM);
  assert.deepEqual(machine?.ports, [SSH]);
  assert.deepEqual(machine.order, {
    vmHash: VM,
    owner: OWNER,
    hostname: "ceirceirceirceirceirceirceirceirceirceirceirceirceiq",
    vcpus: 1,
    memoryMiB: 256,
    sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ test@example"],
    root: { parentPath: "/store/parent.qcow2", parentRef: PARENT, sizeMiB: 1024 },
    volumes: [
      {
        kind: "persistent",
        name: "data",
        mount: "/opt/data",
        sizeMiB: 64,
        parentPath: undefined,
      },
    ],
    network: view.record.network,
    gpus: [],
    confidential: undefined,
  });
  assert.deepEqual(stage.store.all(), [view.record]);
  const { defined, preparing, prepared, starting, started, stopping } = view.record.times;
  const order = [defined, preparing, prepared, starting, started].map((at) => at?.getTime() ?? 0);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.equal(stopping, undefined);
});

test("executions: an allocation is the whole of what is wanted, and can be sent again", async () => {
  await using stage = new ExecutionStage();
  const executions = await running(stage);
  stage.source.publish(OTHER);

  const first = await executions.allocate(wanting(OTHER), never);
  const second = await executions.allocate({ persistentVms: [OTHER], instances: [OTHER] }, never);

  assert.deepEqual(first, { successful: [OTHER], failing: [], stopped: [VM], errors: {} });
  assert.deepEqual(second, { successful: [OTHER], failing: [], stopped: [], errors: {} });
  assert.equal(stage.room.machines.get(OTHER)?.starts, 1);
  assert.equal(stage.room.runs(VM), false);
  assert.deepEqual(
    stage.store.portMappings().map(({ vmHash }) => vmHash),
    [OTHER],
    "whoever is sent away gives up its ports",
  );
});

test("executions: what was not put there by a scheduler is not the scheduler's to stop", async () => {
  await using stage = new ExecutionStage();
  const executions = stage.open();
  const [credit, stream, gpu, confidential] = ["1", "2", "3", "4"].map(hashOf);
  assert.ok(credit && stream && gpu && confidential);
  stage.gpus.push(aGpu("01:00.0"));
  stage.source.files.set(hashOf("f"), "/store/firmware");
  const node_hash = hashOf("e");
  const node = { owner: "", address_regex: "", node_hash, terms_and_conditions: null };
  stage.source.publish(credit, { payment: { type: "credit" } });
  stage.source.publish(stream, { payment: { type: "superfluid" } });
  stage.source.publish(gpu, { requirements: { node, gpu: [wantedGpu()] } });
  stage.source.publish(confidential, {
    environment: {
      internet: true,
      aleph_api: true,
      hypervisor: "qemu",
      trusted_execution: { policy: 1, firmware: hashOf("f") },
    },
  });
  for (const vmHash of [credit, stream, gpu, confidential]) {
    await executions.ensureRunning(vmHash, never);
  }

  const report = await executions.allocate(wanting(), never);

  assert.deepEqual(report.stopped, []);
  const states = executions.list().map(({ state }) => state);
  assert.deepEqual(states, ["running", "running", "running", "awaiting confidential init"]);
  const passed = stage.room.machines.get(gpu)?.order.gpus;
  assert.deepEqual(
    passed?.map(({ address }) => address),
    ["01:00.0"],
  );
  assert.deepEqual([...executions.gpusInUse()], ["01:00.0"]);
});

test("executions: what fails is told in the network's words, and leaves the others alone", async () => {
  await using stage = new ExecutionStage();
  const executions = stage.open();
  const [good, crashing, huge, lost, unknown, odd] = ["1", "2", "3", "4", "5", "6"].map(hashOf);
  assert.ok(good && crashing && huge && lost && unknown && odd);
  stage.source.publish(crashing);
  stage.source.publish(good);
  stage.source.publish(huge, { resources: { vcpus: 200, memory: 256, seconds: 30 } });
  const parent = { ref: hashOf("9"), use_latest: false };
  stage.source.publish(lost, { rootfs: { parent, persistence: "host", size_mib: 1024 } });
  stage.source.publish(odd, { volumes: [{ mount: "/x", ephemeral: true, size_mib: 10 }] });
  const details = { hypervisor: "fake" };
  stage.room.startTroubles.push(new AlcoveError("hypervisor_failed", "It did not boot", details));

  const report = await executions.allocate(
    wanting(crashing, good, huge, lost, unknown, odd),
    never,
  );

  assert.deepEqual(report.successful, [good]);
  assert.deepEqual(report.errors, {
    [crashing]: "MicroVMFailedInitError()",
    [huge]: "InsufficientResourcesError('Insufficient vcpus to create this VM')",
    [lost]: `ResourceDownloadError('No file ${hashOf("9")}')`,
    [unknown]: "Exception('Unhandled Error')",
    [odd]:
      "VmSetupError('Only immutable volumes and persistent ones kept on the host are supported')",
  });
  assert.deepEqual(report.failing, [crashing, huge, lost, unknown, odd]);
  assert.equal(executions.find(lost), undefined, "nothing was made for it");
  assert.equal(executions.find(crashing)?.state, "stopped", "its disks are there");
  assert.equal(stage.room.machines.has(crashing), false);
  assert.equal(stage.store.all().find(({ vmHash }) => vmHash === crashing)?.ended, "failed");
});

test("executions: a caller who leaves does not stop what was begun", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  const executions = stage.open();
  const gate = Promise.withResolvers<void>();
  stage.room.gate = gate.promise;
  const left = new AbortController();
  const asked = executions.allocate(wanting(VM), left.signal);
  await eventually("it is being started", () => stage.room.asked.includes("start"));

  left.abort(new Error("the client left"));
  await assert.rejects(asked, /the client left/);
  gate.resolve();

  await eventually("it runs", () => executions.find(VM)?.running === true);
});

test("executions: a VM that was stopped stays known, starts again where it was, and is erased", async () => {
  await using stage = new ExecutionStage();
  const executions = await running(stage);
  const other = await stopAndStartOther(stage, executions);

  assert.equal(await executions.stop(VM, never), "was not running");
  assert.equal(await executions.reboot(VM, never), "started");
  const again = executions.find(VM);
  assert.equal(again?.running, true);
  assert.deepEqual(again.record.ports, [SSH], "its ports were kept for it");
  assert.notEqual(again.record.vmId, other, "its number was taken by another VM meanwhile");
  assert.deepEqual(stage.room.disks.get(VM), { root: 1, volumes: 1 }, "on the same disks");

  await executions.stop(VM, never);
  await executions.erase(VM, never);
  assert.equal(executions.find(VM), undefined);
  assert.equal(stage.room.disks.has(VM), false);
  assert.deepEqual(stage.erased, [VM]);
  assert.deepEqual(
    executions.records().map(({ vmHash, ended }) => [vmHash, ended]),
    [
      [VM, "erased"],
      [OTHER, undefined],
      [VM, "stopped"],
    ],
  );
  await assert.rejects(executions.stop(VM, never), {
    kind: "not found",
    message: `No virtual machine with ref ${VM}`,
  });
});

async function stopAndStartOther(stage: ExecutionStage, executions: Executions): Promise<number> {
  assert.equal(await executions.stop(VM, never), "stopped");
  const stopped = executions.find(VM);
  assert.equal(stopped?.state, "stopped");
  assert.ok(stopped.record.times.stopped && stopped.record.times.stopping);
  stage.source.publish(OTHER);
  await executions.ensureRunning(OTHER, never);
  const { vmId, ports } = executions.find(OTHER)?.record ?? assert.fail();
  assert.deepEqual(
    ports.map(({ hostPort }) => hostPort),
    [24_001],
  );
  return vmId;
}

test("executions: a running VM is rebooted on its disks, and reinstalled on new ones at its place", async () => {
  await using stage = new ExecutionStage();
  const executions = await running(stage);
  const before = executions.find(VM)?.record;

  assert.equal(await executions.reboot(VM, never), "rebooted");
  assert.equal(stage.room.machines.get(VM)?.starts, 2);
  await executions.reinstall(VM, { volumes: "keep" }, never);
  assert.deepEqual(stage.room.disks.get(VM), { root: 2, volumes: 1 });
  await executions.stop(VM, never);
  await executions.reinstall(VM, { volumes: "remove" }, never);

  assert.deepEqual(stage.room.disks.get(VM), { root: 3, volumes: 2 });
  const after = executions.find(VM);
  assert.equal(after?.running, true);
  assert.equal(after.record.task, undefined);
  assert.equal(after.record.vmId, before?.vmId);
  assert.deepEqual(stage.room.machines.get(VM)?.ports, [SSH]);
});

test("executions: a reboot for which there is no room is made up for as soon as there is", async () => {
  await using stage = new ExecutionStage();
  const executions = await running(stage);
  const details = { resource: "memory", needed: 2, available: 1 } as const;
  stage.room.startTroubles.push(new AlcoveError("no_capacity", "The host is full", details));

  await assert.rejects(executions.reboot(VM, never), { code: "no_capacity" });

  await eventually("it runs again", () => executions.find(VM)?.running === true);
  assert.equal(executions.find(VM)?.record.task, undefined);
});

test("executions: a stop does not wait for a start to end", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  const executions = stage.open();
  stage.room.gate = Promise.withResolvers<void>().promise;
  const start = executions.notify(VM, never);
  await eventually("it is being started", () => stage.room.asked.includes("start"));

  assert.equal(await executions.stop(VM, never), "stopped");

  assert.deepEqual(await start, {
    successful: false,
    error: "VmSetupError('The VM was stopped while it was being started')",
  });
  assert.equal(executions.find(VM)?.state, "stopped");
});

test("executions: a stop that was asked for is done, also for a client that leaves", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  const executions = stage.open();
  stage.room.gate = Promise.withResolvers<void>().promise;
  const start = executions.notify(VM, never);
  await eventually("it is being started", () => stage.room.asked.includes("start"));
  const left = new AbortController();
  const stop = executions.stop(VM, left.signal);
  left.abort(new Error("the client left"));

  await assert.rejects(stop, /the client left/);

  await start;
  await eventually("it is stopped", () => executions.find(VM)?.record.ended === "stopped");
});

test("executions: a guest that powers off has ended, a machine that crashes comes back", async () => {
  await using stage = new ExecutionStage();
  const executions = await running(stage);

  stage.room.crash(VM);
  await eventually("it runs again", () => stage.room.machines.get(VM)?.starts === 2);
  await eventually("it says so", () => executions.find(VM)?.state === "running");
  const details = { hypervisor: "fake" };
  stage.room.startTroubles.push(new AlcoveError("hypervisor_failed", "It did not boot", details));
  stage.room.crash(VM);
  await eventually("it is tried until it works", () => stage.room.machines.get(VM)?.starts === 3);

  stage.room.powerOff(VM);
  await eventually("it has ended", () => executions.find(VM)?.record.ended === "stopped");
});

test("executions: a VM expires, unless somebody wants it kept", async () => {
  await using stage = new ExecutionStage();
  const executions = await running(stage);
  await executions.expire(VM, 3600, never);
  assert.equal(executions.find(VM)?.record.persistent, false);
  await executions.expire(VM, 0.001, never);
  await eventually("it has expired", () => executions.find(VM)?.record.ended === "expired");
  assert.deepEqual(stage.store.portMappings(), []);

  await executions.ensureRunning(VM, never);
  await executions.expire(VM, 0.02, never);
  await executions.ensureRunning(VM, never);
  const { expiresAt, persistent } = executions.find(VM)?.record ?? assert.fail();
  assert.deepEqual({ expiresAt, persistent }, { expiresAt: undefined, persistent: true });
});

test("executions: a confidential VM waits for its session, stands still, and needs its secret again", async () => {
  await using stage = new ExecutionStage();
  stage.source.files.set(hashOf("f"), "/store/firmware");
  stage.source.publish(VM, {
    environment: {
      internet: true,
      aleph_api: true,
      hypervisor: "qemu",
      trusted_execution: { policy: 5, firmware: hashOf("f") },
    },
  });
  stage.source.publish(OTHER);
  const executions = stage.open();
  const launch = { session: "c2Vzc2lvbg==", godh: "Z29kaA==" };
  await executions.ensureRunning(VM, never);
  await executions.ensureRunning(OTHER, never);
  assert.equal(executions.find(VM)?.awaitingConfidentialInit, true);
  assert.equal(stage.room.runs(VM), false);

  await executions.initialize(VM, launch, never);
  assert.deepEqual(stage.room.machines.get(VM)?.launch, launch);
  assert.deepEqual(stage.room.machines.get(VM)?.order.confidential, {
    policy: 5,
    firmwarePath: "/store/firmware",
  });
  assert.equal(executions.find(VM)?.record.confidential?.step, "awaiting secret");
  await executions.released(VM, never);
  assert.equal(executions.find(VM)?.record.confidential?.step, "released");
  await executions.reboot(VM, never);
  assert.equal(executions.find(VM)?.record.confidential?.step, "awaiting secret");

  await assert.rejects(executions.initialize(VM, launch, never), (error) => {
    const description = "Operation not allowed, instance already running";
    assert.deepEqual(codeOf(error), { code: "vm_running", description });
    return true;
  });
  await executions.stop(OTHER, never);
  await assert.rejects(executions.initialize(OTHER, launch, never), (error) => {
    const description = "Instance is not a confidential instance";
    assert.deepEqual(codeOf(error), { code: "not_confidential", description });
    return true;
  });
});

test("executions: a session that makes no machine may be followed by another", async () => {
  await using stage = new ExecutionStage();
  stage.source.files.set(hashOf("f"), "/store/firmware");
  const trusted_execution = { policy: 1, firmware: hashOf("f") };
  const environment = { internet: true, aleph_api: true, hypervisor: "qemu", trusted_execution };
  stage.source.publish(VM, { environment });
  const executions = stage.open();
  await executions.ensureRunning(VM, never);
  stage.room.startTroubles.push(new Refusal("failed", "the platform said no"));
  const launch = { session: "YQ==", godh: "Yg==" };

  await assert.rejects(executions.initialize(VM, launch, never), /the platform said no/);
  assert.equal(executions.find(VM)?.awaitingConfidentialInit, true);
  await executions.initialize(VM, launch, never);
  assert.equal(executions.find(VM)?.running, true);
});

function codeOf(error: unknown): unknown {
  return error instanceof Refusal ? error.body : error;
}

function aGpu(pciHost: string) {
  return {
    vendor: "NVIDIA",
    deviceName: "RTX",
    deviceClass: "0300",
    pciHost,
    deviceId: "10de:27b0",
  } as const;
}

function wantedGpu() {
  return {
    vendor: "NVIDIA",
    device_name: "RTX",
    device_class: "0300",
    device_id: "10de:27b0",
  };
}
