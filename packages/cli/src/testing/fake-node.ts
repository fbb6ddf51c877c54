/** An Aleph node for tests: the API over real sockets. Its VMs are entries of a map. Only for tests. */

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";

import { acceptUpgrade, firstText, sendClose, sendText } from "./bare-web-socket.ts";
import {
  type FakeAnswer,
  type FakeVm,
  type NodeWorld,
  NodeRefusal,
  type SeenCall,
  answerTo,
} from "./fake-node-answers.ts";

/** a wallet that everybody knows */
export const OWNER_SECRET = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
export const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
export const STRANGER_SECRET = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
export const NODE_TOKEN = "the-token";

export type GateKind = "scheduler" | "machine" | "open";

export interface GateFacts {
  readonly method: string;
  readonly path: string;
  readonly hasQuery: boolean;
  readonly authorization: string | undefined;
  readonly allocationToken: string | undefined;
  readonly signedPubKey: string | undefined;
  readonly signedOperation: string | undefined;
  readonly contentLength: number | undefined;
  readonly body: () => Promise<Uint8Array>;
}

/** Who is let in. A test gives the real node's door. */
export interface Gate {
  /** @returns `administrator`, `nobody`, or a wallet's address. @throws NodeRefusal */
  caller(facts: GateFacts, kind: GateKind): Promise<string>;
  /** @returns why a watcher is not let in; `undefined`: it is */
  refusesWatcher(frame: string): Promise<string | undefined>;
}

export class FakeNode implements NodeWorld, AsyncDisposable {
  readonly vms: Map<string, FakeVm> = new Map();
  readonly seen: SeenCall[] = [];
  /** what answers of these paths are, in place of the usual ones */
  readonly answers: Map<string, FakeAnswer> = new Map();
  /** by ref */
  readonly files: Map<string, Buffer> = new Map();
  /** how often a backup is said to be under way */
  backupLooks = 0;
  /** lines of each VM's log */
  lines: readonly string[] = ["first", "second \u001b[31m"];
  readonly #server: http.Server;
  readonly #gate: Gate;
  readonly #watchers = new Set<Duplex>();

  private constructor(gate: Gate) {
    this.#gate = gate;
    this.#server = http.createServer((request, response) => void this.#answer(request, response));
    this.#server.on("upgrade", (request, socket) => void this.#watch(request, socket));
  }

  static async open(gate: Gate): Promise<FakeNode> {
    const node = new FakeNode(gate);
    const { promise, resolve } = Promise.withResolvers<void>();
    node.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return node;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The node is closed");
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  addVm(hash: string, facts: Partial<FakeVm> = {}): FakeVm {
    const vm: FakeVm = { running: true, payment: "hold", ports: { 22: "tcp" }, ...facts };
    this.vms.set(hash, vm);
    return vm;
  }

  /** The body of the last request of that path, as JSON. */
  sentTo(path: string): unknown {
    const call = this.seen.findLast((one) => one.path === path);
    return call && JSON.parse(call.body.toString() || "null");
  }

  /** Without a word, as a network does. */
  dropWatchers(): void {
    for (const socket of this.#watchers) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropWatchers();
    this.#server.closeAllConnections();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("server", "aleph-vm/1.13.0");
    const { status = 200, json, text = "", bytes } = await this.#answerTo(request);
    response.statusCode = status;
    if (json !== undefined) response.setHeader("content-type", "application/json");
    response.end(bytes ?? (json === undefined ? text : JSON.stringify(json)));
  }

  async #answerTo(request: IncomingMessage): Promise<FakeAnswer> {
    const { method = "", url = "/" } = request;
    const { pathname: path, search } = new URL(url, this.url);
    const body = await buffer(request);
    try {
      const as = await this.#callerOf(request, body, path);
      const call = { method, path, query: search.slice(1), body, as };
      this.seen.push(call);
      return this.answers.get(path) ?? answerTo(this, call);
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      const { status, message } = error;
      return status === 403 ? { status, text: message } : { status, json: { error: message } };
    }
  }

  async #callerOf(request: IncomingMessage, body: Buffer, path: string): Promise<string> {
    const kind = gateOf(path, request);
    if (!kind) return "anyone";
    const { headers, method = "" } = request;
    const length = headers["content-length"];
    const caller = await this.#gate.caller(
      {
        method,
        path: decodeURIComponent(path),
        hasQuery: (request.url ?? "").includes("?"),
        authorization: headers.authorization,
        allocationToken: headers["x-auth-signature"]?.toString(),
        signedPubKey: headers["x-signedpubkey"]?.toString(),
        signedOperation: headers["x-signedoperation"]?.toString(),
        contentLength: length === undefined ? undefined : Number(length),
        body: async () => body,
      },
      kind,
    );
    if (!caller.startsWith("0x") || caller === OWNER) return caller;
    throw new NodeRefusal(403, "Unauthorized sender");
  }

  async #watch(request: IncomingMessage, socket: Duplex): Promise<void> {
    this.#watchers.add(socket);
    socket.on("error", () => undefined); // it may leave when it likes
    acceptUpgrade(request, socket);
    const reason = await this.#gate.refusesWatcher(await firstText(socket));
    const send = (value: object): void => sendText(socket, JSON.stringify(value));
    if (reason !== undefined) send({ status: "failed", reason });
    else {
      send({ status: "connected" });
      for (const message of this.lines) send({ type: "stdout", message });
      send({ type: "system", message: "VM is not running, past logs sent" });
    }
    sendClose(socket);
  }
}

/** @returns `undefined` where everybody may ask */
function gateOf(path: string, { url = "" }: IncomingMessage): GateKind | undefined {
  if (/^\/(?:about|v2|status)\//.test(path) || url.includes("signature=")) return undefined;
  if (path.startsWith("/local/") || path === "/control/allocations") return "scheduler";
  return /\/(?:update|notify)$/.test(path) ? "open" : "machine";
}
