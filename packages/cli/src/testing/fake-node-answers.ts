/** What the fake Aleph node answers, in the shapes of the real one. Only for tests. */

import { createHash } from "node:crypto";

/** What it answers, in place of anything else. */
export class NodeRefusal extends Error {
  override readonly name = "NodeRefusal";
  /** of HTTP; 403 comes without an envelope */
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  /** `administrator`, an address, or `nobody`; `anyone` where nobody is asked */
  readonly as: string;
}

/** What the answers are about. */
export interface NodeWorld {
  readonly vms: Map<string, FakeVm>;
  readonly files: Map<string, Buffer>;
  readonly lines: readonly string[];
  backupLooks: number;
  addVm(hash: string): FakeVm;
}

export interface FakeVm {
  running: boolean;
  readonly payment: string;
  /** `tcp`, `udp` or `tcp+udp` by the VM's port */
  ports: Record<string, string>;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly bytes?: Buffer;
}

export const BACKUP_BYTES: Buffer = Buffer.from("a tar of disks");
const STARTED_AT = "2026-01-02 03:04:05.123456+00:00";

export function answerTo(node: NodeWorld, call: SeenCall): FakeAnswer {
  const { path } = call;
  if (path === "/v2/about/executions/list") return { json: listed(node, call.query) };
  if (path === "/about/executions/records") return { json: records(node) };
  if (path === "/control/allocations") return allocated(node, call);
  if (path === "/control/allocation/notify") return notified(node, call);
  if (path.startsWith("/local/v0/")) return kept(node, call);
  const [, hash = "", verb = "", id] =
    /^\/control\/machine\/(\w+)\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
  const vm = node.vms.get(hash);
  if (!vm) throw new NodeRefusal(404, `No virtual machine with ref ${hash}`);
  return ofVm(node, call, { vm, hash, verb, id });
}

interface Asked {
  readonly vm: FakeVm;
  readonly hash: string;
  readonly verb: string;
  /** of a backup */
  readonly id: string | undefined;
}

function ofVm(node: NodeWorld, call: SeenCall, { vm, hash, verb, id }: Asked): FakeAnswer {
  if (verb === "update") return updated(vm, call);
  if (verb === "logs") return { bytes: Buffer.from(pastLog(node, hash)) };
  if (verb === "stream_logs") return { text: liveLog(node) };
  if (verb === "backup") return backup(node, call, hash, id);
  if (verb === "restore") return { json: { status: "restored", vm_hash: hash } };
  return operated(vm, verb, hash);
}

function listed(node: NodeWorld, query: string): object {
  const shown = [...node.vms].filter(([, { running }]) => running || query === "all=true");
  return Object.fromEntries(shown.map(([hash, vm]) => [hash, execution(vm)] as const));
}

function execution({ running, ports }: FakeVm): object {
  const mapped = Object.entries(ports).map(([port, over], index) => {
    const host = 24_000 + index;
    return [port, { host, tcp: over.includes("tcp"), udp: over.includes("udp") }] as const;
  });
  const networking = {
    ipv4_network: "172.16.4.0/24",
    ipv4_ip: "172.16.4.2",
    ipv6_ip: "fd00::2",
    mapped_ports: Object.fromEntries(mapped),
  };
  const stopped_at = running ? null : STARTED_AT;
  const status = { defined_at: STARTED_AT, started_at: STARTED_AT, stopped_at };
  return { networking, status, running, awaiting_confidential_init: false, vm_type: "instance" };
}

function records(node: NodeWorld): readonly object[] {
  return Array.from(node.vms, ([hash, { payment }], index) => ({
    uuid: `u-${index}`,
    vm_hash: hash,
    vm_id: index + 4,
    time_defined: "2026-01-02 03:04:05",
    time_started: "2026-01-02 03:04:06.000005",
    time_stopping: null,
    vcpus: 1,
    memory: 256,
    message: JSON.stringify({ payment: { type: payment } }),
    persistent: true,
    gpus: "[]",
  }));
}

/** Hashes that begin with `bad` do not start, those with `b16` find no room. */
function allocated(node: NodeWorld, { body }: SeenCall): FakeAnswer {
  const { instances, persistent_vms: programs } = JSON.parse(body.toString());
  const wanted: readonly string[] = [...programs, ...instances];
  const stopped = [...node.vms.keys()].filter(
    (hash) => !wanted.includes(hash) && node.vms.get(hash)?.payment === "hold",
  );
  for (const hash of stopped) node.vms.delete(hash);
  const failing = wanted.filter((hash) => errorOf(hash) !== undefined);
  const successful = wanted.filter((hash) => !failing.includes(hash));
  for (const hash of successful) node.addVm(hash);
  const errors = Object.fromEntries(failing.map((hash) => [hash, errorOf(hash)] as const));
  const ok = failing.length === 0;
  const partly = successful.length === 0 ? 503 : 207;
  return { status: ok ? 200 : partly, json: { success: ok, successful, failing, stopped, errors } };
}

function errorOf(hash: string): string | undefined {
  if (hash.startsWith("bad")) return String.raw`VmSetupError('no \'parent\' disk')`;
  return hash.startsWith("b16") ? "InsufficientResourcesError('memory')" : undefined;
}

function notified(node: NodeWorld, { body }: SeenCall): FakeAnswer {
  const { instance: hash, message } = JSON.parse(body.toString());
  if (hash.startsWith("404") && !message) throw new NodeRefusal(404, `Hash not found: ${hash}`);
  if (hash.startsWith("402"))
    return {
      status: 402,
      json: { error: "Insufficient balance for this instance\n\nRequired: 2" },
    };
  if (hash.startsWith("503"))
    return {
      status: 503,
      json: { error: "This CRN cannot host the requested instance at this time." },
    };
  const error = errorOf(hash);
  const success = error === undefined;
  if (success) node.addVm(hash);
  const failing = success ? [] : [hash];
  const errors = success ? {} : { [hash]: error };
  return { status: success ? 200 : 503, json: { success, successful: success, failing, errors } };
}

function kept(node: NodeWorld, { path, body }: SeenCall): FakeAnswer {
  const [, , , what, name = ""] = path.split("/");
  if (what !== "files") return { status: 201, json: { status: "created", item_hash: name } };
  node.files.set(name, body);
  const sha256 = createHash("sha256").update(body).digest("hex");
  return { status: 201, json: { status: "created", item_hash: name, size: body.length, sha256 } };
}

function updated(vm: FakeVm, { body, as }: SeenCall): FakeAnswer {
  const { ports } = JSON.parse(body.toString() || "{}");
  if (ports === undefined || as === "nobody") return { json: {} };
  const wishes: Record<string, { tcp: boolean; udp: boolean }> = ports;
  vm.ports = { 22: "tcp" };
  for (const [port, { tcp, udp }] of Object.entries(wishes)) {
    vm.ports[port] = [tcp ? "tcp" : "", udp ? "udp" : ""].filter(Boolean).join("+");
  }
  return { json: {} };
}

function pastLog({ lines }: NodeWorld, hash: string): string {
  const entries = lines.map((line) =>
    JSON.stringify({ SYSLOG_IDENTIFIER: `vm-${hash}-stdout`, MESSAGE: line, file: "stdout" }),
  );
  return `[${entries.join(",\n")}]`;
}

function liveLog({ lines }: NodeWorld): string {
  const entries = [
    ...lines.map((message) => ({ type: "stdout", message })),
    { type: "system", message: "VM is not running, past logs sent" },
  ];
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

function backup(node: NodeWorld, call: SeenCall, hash: string, id: string | undefined): FakeAnswer {
  if (call.method === "DELETE") return { text: `Deleted backup ${id}` };
  if (id !== undefined) return { bytes: BACKUP_BYTES };
  if (node.backupLooks > 0) {
    node.backupLooks -= 1;
    return { status: 202, json: { status: "in_progress" } };
  }
  const backupId = `${hash}-20260102T030405Z`;
  const link = `https://elsewhere.example/control/machine/${hash}/backup/${backupId}`;
  const json = {
    backup_id: backupId,
    size: BACKUP_BYTES.length,
    volumes: ["rootfs.qcow2"],
    expires_at: "2026-01-03T03:04:05.000Z",
    checksum: `sha256:${createHash("sha256").update(BACKUP_BYTES).digest("hex")}`,
    download_url: `${link}?signature=s&expires=9`,
  };
  return { json };
}

const DONE: Readonly<Record<string, string>> = {
  stop: "Stopped VM",
  reboot: "Rebooted VM",
  erase: "Erased VM",
  reinstall: "Reinstalled VM",
};

function operated(vm: FakeVm, verb: string, hash: string): FakeAnswer {
  if (verb === "stop" && !vm.running) return { text: "Already stopped, nothing to do" };
  if (verb === "stop") vm.running = false;
  const text = DONE[verb] === undefined ? `Expiring VM` : DONE[verb];
  return { text: `${text} with ref ${hash}` };
}
