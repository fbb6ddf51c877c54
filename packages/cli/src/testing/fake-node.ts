/**
 * An Aleph node for tests: the API over real sockets, behind the door of the real one. Its VMs are entries of a map.
 * Only for tests.
 */

import { createHash } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

import { WebSocketServer } from "ws";

import { Door, type DoorKind } from "../../../daemon/src/core/aleph/auth/door.ts";
import { Refusal, type RefusalKind } from "../../../daemon/src/core/aleph/refusal.ts";
import { CLOSED_AUTH, NO_EARLIER_RUN } from "../../../daemon/src/testing/aleph-signers.ts";
import { walletSignatures } from "../../../daemon/src/wallets/signatures.ts";
import { type FakeAnswer, type FakeVm, answerTo } from "./fake-node-answers.ts";

/** a wallet that everybody knows */
export const OWNER_SECRET = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
export const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
export const STRANGER_SECRET = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
export const NODE_TOKEN = "the-token";

export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  /** `administrator`, an address, or `nobody`; `anyone` where nobody is asked */
  readonly as: string;
}

const STATUS: Partial<Record<RefusalKind, number>> = {
  "bad request": 400,
  unauthorized: 401,
  "not the owner": 403,
  "not found": 404,
};

const clock = { now: () => new Date() };

export class FakeNode implements AsyncDisposable {
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
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #door: Door;

  private constructor(domain: string) {
    const allocationTokenHash = createHash("sha256").update(NODE_TOKEN).digest("hex");
    const auth = { ...CLOSED_AUTH, allocationTokenHash, allocationSigners: [OWNER] };
    this.#door = new Door({
      auth: { ...auth, openNotify: true },
      domains: [domain],
      wallets: walletSignatures,
      earlier: NO_EARLIER_RUN,
      clock,
    });
    this.#server = http.createServer((request, response) => void this.#answer(request, response));
    this.#server.on("upgrade", (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (watcher) => {
        watcher.once("message", (frame: Buffer) => void this.#watch(watcher, String(frame)));
      });
    });
  }

  /** @param domain the name that it lets clients sign for */
  static async open(domain = "127.0.0.1"): Promise<FakeNode> {
    const node = new FakeNode(domain);
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

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
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
      if (!(error instanceof Refusal)) throw error;
      const status = STATUS[error.kind] ?? 500;
      if (error.kind === "not the owner") return { status, text: error.message };
      return { status, json: { error: error.message } };
    }
  }

  async #callerOf(request: IncomingMessage, body: Buffer, path: string): Promise<string> {
    const kind = doorOf(path, request);
    if (!kind) return "anyone";
    const { headers, method = "" } = request;
    const length = headers["content-length"];
    const caller = await this.#door.caller(
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
    if (caller.kind !== "wallet") return caller.kind;
    if (caller.address === OWNER) return OWNER;
    throw new Refusal("not the owner", "Unauthorized sender");
  }

  async #watch(watcher: { send(text: string): void; close(code: number): void }, frame: string) {
    const watching = await this.#door.watcher(frame);
    const send = (value: object): void => watcher.send(JSON.stringify(value));
    if ("refused" in watching) send({ status: "failed", reason: watching.refused });
    else {
      send({ status: "connected" });
      for (const message of this.lines) send({ type: "stdout", message });
      send({ type: "system", message: "VM is not running, past logs sent" });
    }
    watcher.close(1000);
  }
}

/** @returns `undefined` where everybody may ask */
function doorOf(path: string, { url = "" }: IncomingMessage): DoorKind | undefined {
  if (/^\/(?:about|v2|status)\//.test(path) || url.includes("signature=")) return undefined;
  if (path.startsWith("/local/") || path === "/control/allocations") return "scheduler";
  return /\/(?:update|notify)$/.test(path) ? "open" : "machine";
}
