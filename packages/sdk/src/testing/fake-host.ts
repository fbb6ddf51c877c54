/**
 * A host for tests: the contract's endpoints over real sockets. Its "guests" are this machine: exec
 * runs a real process, cp reads and writes a real directory, a shell echoes. Only for tests.
 */

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { WebSocketServer } from "ws";

import { isObject } from "../errors.ts";
import { type Call, fail, json } from "./fake-answer.ts";
import { FakeBackground } from "./fake-background.ts";
import { FakeCommits } from "./fake-commits.ts";
import { answerFork } from "./fake-forks.ts";
import { runCommand } from "./fake-exec.ts";
import { FakeFiles } from "./fake-files.ts";
import { tunnel } from "./fake-forward.ts";
import { FakeNative } from "./fake-native.ts";
import { FakeSecrets } from "./fake-secrets.ts";
import { echoShell, refuseShell } from "./fake-shell.ts";

export interface FakeHostOptions {
  readonly token?: string;
  /** Unix socket to listen on; default: a free TCP port */
  readonly socketPath?: string;
  /** how long a create with `wait` takes, in `ms` */
  readonly bootMs?: number;
  readonly groups?: readonly string[];
}

export interface FakeVm {
  readonly hostname: string;
  readonly hostgroup: string;
  tags: readonly string[];
  status: string;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

export class FakeHost implements AsyncDisposable {
  readonly vms: Map<string, FakeVm> = new Map();
  readonly seen: SeenRequest[] = [];
  readonly guestFiles: FakeFiles = new FakeFiles();
  readonly background: FakeBackground = new FakeBackground();
  readonly secrets: FakeSecrets = new FakeSecrets();
  readonly commits: FakeCommits = new FakeCommits();
  readonly native: FakeNative = new FakeNative();
  /** how often health is asked before the agent answers */
  healthAfter = 0;
  /** status of the first-boot script; `undefined` while it runs */
  userdataExit: number | undefined = 0;
  /** told of each exec process that was started */
  readonly pids: number[] = [];
  /** deletes are never answered */
  holdDeletes = false;
  /** deletes are answered with a failure */
  refuseDeletes = false;
  readonly #server: http.Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #options: FakeHostOptions;
  #created = 0;

  private constructor(options: FakeHostOptions) {
    this.#options = options;
    this.#server = http.createServer({ requestTimeout: 0 }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) fail(response, 500, "internal", String(error));
        else response.destroy();
      });
    });
    this.#server.on("upgrade", (request, socket, head) => {
      const hostname = request.url?.split(/[/?]/)[2] ?? "";
      if (!this.vms.has(hostname)) return refuseShell(socket);
      if (request.url?.includes("/forward")) return tunnel(this.#sockets, request, socket, head);
      this.#sockets.handleUpgrade(request, socket, head, echoShell);
    });
  }

  static async open(options: FakeHostOptions = {}): Promise<FakeHost> {
    const host = new FakeHost(options);
    const { promise, resolve } = Promise.withResolvers<void>();
    if (options.socketPath === undefined) host.#server.listen(0, "127.0.0.1", resolve);
    else host.#server.listen(options.socketPath, resolve);
    await promise;
    return host;
  }

  /** contents by guest path, as cp left them */
  get files(): Map<string, Buffer> {
    return this.guestFiles.contents;
  }

  get url(): string {
    if (this.#options.socketPath !== undefined) return this.#options.socketPath;
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The host is closed");
    return `http://127.0.0.1:${address.port}`;
  }

  addVm(hostname: string): FakeVm {
    const vm: FakeVm = { hostname, hostgroup: "sbox", tags: [], status: "Running" };
    this.vms.set(hostname, vm);
    return vm;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://host");
    const at = url.pathname.split("/").slice(1).map(decodeURIComponent);
    const { token } = this.#options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return fail(response, 401, "unauthenticated", "A token is needed");
    }
    if (isForeground(request, url)) return this.#exec(request, response, url);
    const { body } = await this.#note(request, url);
    await this.#route({ request, response, url, at, body });
  }

  async #route(call: Call): Promise<void> {
    const [noun, , verb] = call.at;
    if (noun === "vm" && call.at[1] === "commits") return this.commits.answer(call);
    if (noun === "vm") return await this.#vmCall(call);
    if (noun === "v1" && call.at[3] === "fork") return this.#forkCall(call);
    if (noun === "v1") return this.native.answer(call);
    if (noun === "secrets") return this.secrets.answer(call);
    if (noun === "hostgroup" && verb === "nodes" && call.request.method !== "GET") {
      return await this.#groupCall(call);
    }
    this.#hostCall(call);
  }

  #forkCall(call: Call): void {
    const [, , hostname = ""] = call.at;
    if (this.vms.has(hostname)) answerFork(call, hostname);
    else this.#noVm(call.response, hostname);
  }

  /** Its body is the command's input, which is not waited for. */
  #exec(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const [, , hostname = ""] = url.pathname.split("/");
    if (!this.vms.has(hostname)) return this.#noVm(response, hostname);
    const query = url.searchParams;
    this.seen.push({ method: "POST", path: url.pathname, query, body: Buffer.alloc(0) });
    runCommand(request, response, query, (pid) => this.pids.push(pid));
  }

  #noVm(response: ServerResponse, hostname: string): void {
    fail(response, 404, "vm_not_found", `There is no VM ${hostname}`);
  }

  #hostCall({ response, url, at }: Call): void {
    const groups = this.#options.groups ?? ["sbox"];
    const tag = url.searchParams.get("tag");
    const vms = [...this.vms.values()].filter((vm) => tag === null || vm.tags.includes(tag));
    const answers: Record<string, unknown> = {
      info: { version: "9.9", git_commit: "abc", platform: "linux", arch: "amd64" },
      healthz: { status: "ok" },
      hostgroup: groups.map((name) => ({ name, count: 0, ram_bytes: 2 ** 31, cpus: 2 })),
      nodes: at[1] === "stats" ? vms.map(statsOf) : vms.map(nodeOf),
      node: statsOf(this.vms.get(at[1] ?? "") ?? ghost),
    };
    const isGroup = at[0] === "hostgroup" && at[2] === "nodes";
    const answer = isGroup ? vms.map(nodeOf) : answers[at[0] ?? ""];
    if (answer === undefined) return fail(response, 404, "not_found", "No such route");
    json(response, 200, answer);
  }

  async #groupCall({ request, response, url, at, body }: Call): Promise<void> {
    const [, group = "", , hostname] = at;
    if (request.method === "DELETE") {
      if (this.holdDeletes) return;
      if (this.refuseDeletes) return fail(response, 500, "internal", "The disk is stuck");
      if (!this.vms.delete(hostname ?? "")) return fail(response, 404, "vm_not_found", "No VM");
      return json(response, 200, { message: "Node deleted", disk_removed: "true" });
    }
    const spec: unknown = JSON.parse(body.toString() || "{}");
    const tags = isObject(spec) && Array.isArray(spec["tags"]) ? spec["tags"].map(String) : [];
    this.#created += 1;
    const vm = { hostname: `${group}-${this.#created}`, hostgroup: group, tags, status: "Running" };
    this.vms.set(vm.hostname, vm);
    if (url.searchParams.has("wait")) await this.#boot(vm.hostname);
    if (this.vms.has(vm.hostname)) json(response, 201, nodeOf(vm));
    else fail(response, 500, "deleted", "Deleted meanwhile");
  }

  /** Takes its time, unless the VM is deleted meanwhile. */
  async #boot(hostname: string): Promise<void> {
    const readyAtMs = Date.now() + (this.#options.bootMs ?? 0);
    while (Date.now() < readyAtMs && this.vms.has(hostname)) await sleep(10);
  }

  async #vmCall(call: Call): Promise<void> {
    const { response, at, body } = call;
    const [, hostname = "", verb = ""] = at;
    const vm = this.vms.get(hostname);
    if (!vm) return this.#noVm(response, hostname);
    const answers: Readonly<Record<string, () => unknown>> = {
      "": () => json(response, 200, { ...nodeOf(vm), ...described }),
      commit: () => this.commits.create(call, vm),
      cp: () => this.#copy(call, body),
      exec: () => this.background.answer(call),
      fs: () => this.guestFiles.answer(call),
      health: () => this.#health(vm, response),
      logs: () => json(response, 200, { hostname, lines: 20, content: "boot\n\u001b[31mred\n" }),
      tags: () => {
        vm.tags = changedTags(vm.tags, body);
        json(response, 200, { hostname, tags: vm.tags });
      },
    };
    vm.status = STATUS_AFTER[verb] ?? vm.status;
    if (verb === "relaunch") return json(response, 200, nodeOf(vm));
    const answer = answers[verb];
    if (answer) await answer();
    else response.writeHead(200, { "content-type": "text/plain" }).end("");
  }

  #health({ hostname, status }: FakeVm, response: ServerResponse): void {
    if (status !== "Running") {
      return fail(response, 409, "wrong_phase", `${hostname} is ${status.toLowerCase()}`);
    }
    this.healthAfter -= 1;
    if (this.healthAfter >= 0) return fail(response, 503, "guest_unreachable", "It still boots");
    const uptimes = { agent_uptime: 5e9, system_uptime: 6e9 };
    const userdata = { userdata_ran: this.userdataExit !== undefined };
    const code = this.userdataExit ? { userdata_exit_code: this.userdataExit } : {};
    json(response, 200, { hostname, agent_version: "1", ...userdata, ...code, ...uptimes });
  }

  #copy({ request, response, url }: Call, body: Buffer): void {
    const path = url.searchParams.get("path") ?? "";
    if (request.method === "POST") {
      this.files.set(path, body);
      response.writeHead(200).end();
      return;
    }
    const content = this.files.get(path);
    if (!content) return fail(response, 404, "path_not_found", `There is no ${path}`);
    const kind = content.subarray(257, 262).toString() === "ustar" ? "directory" : "file";
    const name = Buffer.from(path.split("/").at(-1) ?? "").toString("base64url");
    response.writeHead(200, {
      "x-slicer-source-type": kind,
      "x-slicer-source-name-base64": name,
      ...(kind === "file"
        ? { "x-slicer-file-mode": "0640", "content-length": content.length }
        : {}),
    });
    response.end(content);
  }

  async #note(request: IncomingMessage, url: URL): Promise<SeenRequest> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const seen = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      body: Buffer.concat(chunks),
    };
    this.seen.push(seen);
    return seen;
  }
}

const STATUS_AFTER: Readonly<Record<string, string>> = {
  pause: "Paused",
  resume: "Running",
  suspend: "Suspended",
  restore: "Running",
  relaunch: "Running",
};

/** A command that is waited for: its body is its input, which is not collected. */
function isForeground({ method }: IncomingMessage, { pathname, searchParams }: URL): boolean {
  return (
    /^\/vm\/[^/]+\/exec$/.test(pathname) && method === "POST" && !searchParams.has("background")
  );
}

function changedTags(before: readonly string[], body: Buffer): readonly string[] {
  const change: { add?: string[]; remove?: string[]; replace?: string[] } = JSON.parse(
    body.toString() || "{}",
  );
  const left = before.filter((tag) => !(change.remove ?? []).includes(tag));
  return change.replace ?? [...left, ...(change.add ?? [])];
}

const ghost: FakeVm = { hostname: "ghost", hostgroup: "sbox", tags: [], status: "Stopped" };

const described = {
  storage: "image",
  image: "base",
  network: {
    mode: "user",
    policy_source: "host_group",
    host_group: { allow: [], drop: [] },
    effective: { allow: [], drop: [] },
  },
};

function statsOf(vm: FakeVm): object {
  if (vm.status !== "Running") {
    return { ...nodeOf(vm), snapshot: null, error: `${vm.hostname} is ${vm.status}` };
  }
  const texts = { hostname: vm.hostname, arch: "x86_64", timestamp: "2026-01-02T03:04:05Z" };
  const memory = { totalMemory: 2 ** 30, memoryUsed: 2 ** 28, memoryAvailable: 3 * 2 ** 28 };
  const load = { loadAvg1: 0.5, loadAvg5: 0.25, loadAvg15: 0 };
  const disk = { diskSpaceTotal: 2 ** 33, diskSpaceUsed: 2 ** 31 };
  const rest = { uptime: "6m53s", totalCpus: 1, memoryUsedPercent: 25 };
  return { ...nodeOf(vm), snapshot: { ...texts, ...memory, ...load, ...disk, ...rest }, error: "" };
}

function nodeOf(vm: FakeVm): object {
  const created_at = "2026-01-02T03:04:05.678Z";
  return { ...vm, ip: "10.0.0.9", ram_bytes: 2 ** 30, cpus: 1, created_at, arch: "x86_64" };
}
