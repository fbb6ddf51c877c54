/** What the stories about an Aleph node's endpoints play on: a node, a world outside, and who asks. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { ethereumWallet } from "../../packages/daemon/src/testing/aleph-signers.ts";
import { WALLETS } from "../harness/aleph-client.ts";
import { AlephNode, instanceContent } from "../harness/aleph-node.ts";
import type { Answer, Ask } from "../harness/api.ts";
import { asObject, type JsonObject } from "../harness/json-value.ts";
import { Outside, WEB_PORT } from "../harness/outside.ts";
import { AlephOwner } from "./aleph-owner.ts";
import { DIAGNOSTIC_PROGRAM, diagnosticProgram } from "./diagnostic-program.ts";
import { FIRMWARE, grubDisk } from "./grub-disk.ts";

const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";
/** of the confidential instance's launch */
export const POLICY = 1;
/** as many as the table with its secret has */
const SHOWN_BYTES = 48;

export class EndpointStage implements AsyncDisposable {
  readonly node: AlephNode;
  readonly outside: Outside;
  /** owns all that is published here */
  readonly alice = new AlephOwner(ethereumWallet(WALLETS.alice));
  /** an instance, whose content is `content` */
  readonly vm = randomBytes(32).toString("hex");
  readonly confidential = randomBytes(32).toString("hex");
  /** the diagnostic program */
  readonly program: string;
  readonly content: JsonObject;

  static async open(): Promise<EndpointStage> {
    const scratch = await mkdtemp(path.join(tmpdir(), "aleph-endpoints-"));
    const outside = await Outside.open();
    const pages = [outside.one, `[${outside.one6}]`].map((it) => `http://${it}:${WEB_PORT}/`);
    const program = randomBytes(32).toString("hex");
    const node = await AlephNode.on({
      ALEPH_VM_NETWORK_INTERFACE: outside.device,
      ALEPH_VM_ENABLE_CONFIDENTIAL_COMPUTING: "true",
      ALEPH_VM_CONFIDENTIAL_BACKEND: "simulated",
      ALEPH_VM_CHECK_FASTAPI_VM_ID: program,
      ALEPH_VM_CONNECTIVITY_IPV4_URL: pages[0] ?? "",
      ALEPH_VM_CONNECTIVITY_IPV6_URL: pages[1] ?? "",
      ALEPH_VM_CONNECTIVITY_DNS_HOSTNAME: "localhost",
      ALEPH_VM_CONNECTIVITY_HTTP_URLS: JSON.stringify(pages),
    });
    await node.host.open();
    const disk = await grubDisk(scratch, SHOWN_BYTES, "hd2");
    return new EndpointStage({ node, outside, scratch, program, disk });
  }

  readonly #scratch: string;

  private constructor({ node, outside, scratch, program, disk }: Opened) {
    this.node = node;
    this.outside = outside;
    this.program = program;
    this.#scratch = scratch;
    const owner = this.alice.address;
    const runtime = node.addBaseImage();
    this.content = instanceContent(owner, runtime, { authorized_keys: [newKey(scratch)] });
    this.#put(this.vm, this.content);
    const code = path.join(scratch, "diagnostic.pl");
    writeFileSync(code, DIAGNOSTIC_PROGRAM);
    const refs = { runtime, code: node.addFile(code) };
    const world = [outside.one, outside.one6, WEB_PORT] as const;
    this.#put(program, diagnosticProgram(owner, refs, world));
    const guest = instanceContent(owner, node.addFile(disk));
    const trusted = { policy: POLICY, firmware: node.addFile(FIRMWARE) };
    const environment = { ...asObject(guest["environment"]), trusted_execution: trusted };
    this.#put(this.confidential, { ...guest, environment });
  }

  /** Asks anything. Every answer bears the node's name. */
  async ask(method: string, where: string, more: Ask = {}): Promise<Answer> {
    const answer = await this.node.api.ask(method, where, more);
    assert.match(String(answer.headers["server"]), /^aleph-vm\/\d+\.\d+/, `${method} ${where}`);
    return answer;
  }

  get(where: string, more: Ask = {}): Promise<Answer> {
    return this.ask("GET", where, more);
  }

  /** as the VMs' owner does it; a query is not signed */
  operate(method: string, where: string, more: Ask = {}): Promise<Answer> {
    const [signed = ""] = where.split("?", 1);
    const headers = { ...more.headers, ...this.alice.headers(method, signed) };
    return this.ask(method, where, { ...more, headers });
  }

  /** the path of an operation on a VM */
  at(operation: string, vm = this.vm): string {
    return `/control/machine/${vm}/${operation}`;
  }

  /** what pages of other origins may ask for, with the method that they may use */
  pageRoutes(): readonly (readonly [method: string, path: string])[] {
    const posts = "update stop erase reboot expire";
    const confidential = "confidential/initialize confidential/inject_secret";
    const executions = "executions/list executions/details executions/records";
    const about = "login usage/system certificates capability config";
    const checks = "check/fastapi check/fastapi/legacy check/host check/version check/ipv6";
    return [
      ...asked("POST", "reserve_resources allocation/notify", (it) => `/control/${it}`),
      ...asked("POST", `${posts} ${confidential}`, (it) => this.at(it)),
      ...asked("GET", "logs stream_logs confidential/measurement", (it) => this.at(it)),
      ...asked("GET", `${executions} ${about}`, (it) => `/about/${it}`),
      ...asked("GET", `${checks} config`, (it) => `/status/${it}`),
      ["GET", "/v2/about/executions/list"],
      ["GET", "/debug/haproxy"],
    ];
  }

  /** in the older list, or `undefined` */
  async inFirstList(vm: string): Promise<JsonObject | undefined> {
    const entry = asObject((await this.get("/about/executions/list")).json)[vm];
    return entry === undefined ? undefined : asObject(entry);
  }

  async mappedPorts(): Promise<JsonObject> {
    const listed = await this.node.listed(this.vm);
    return asObject(asObject(listed?.["networking"])["mapped_ports"]);
  }

  /** whether the instance's ssh greets whoever comes from outside to its port of the host's */
  async sshAnswers(): Promise<boolean> {
    const { host } = asObject((await this.mappedPorts())["22"]);
    const heard = `once("data", (it) => process.stdout.write(it, () => process.exit()))`;
    const where = `${Number(host)}, "${this.outside.hostThere}"`;
    const probe = `require("node:net").connect(${where}).${heard}`;
    return this.outside.run([process.execPath, "-e", probe]).stdout.startsWith("SSH-");
  }

  /** the secret of this run of the daemon */
  loginToken(): string {
    const { state } = this.node.host.dirs;
    const files = readdirSync(state, { recursive: true, encoding: "utf8" });
    const file = files.find((it) => path.basename(it) === "login_token") ?? "";
    return readFileSync(path.join(state, file), "utf8").trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { host } = this.node;
    try {
      if (host.daemon.hasEnded) await host.start();
      await this.node.eraseAll();
      await host.close();
    } finally {
      await this.outside.close();
      await rm(this.#scratch, { recursive: true });
    }
  }

  #put(hash: string, message: JsonObject): void {
    const messages = path.join(this.node.storeDir, "messages");
    mkdirSync(messages, { recursive: true });
    writeFileSync(path.join(messages, `${hash}.json`), JSON.stringify(message));
  }
}

interface Opened {
  readonly node: AlephNode;
  readonly outside: Outside;
  readonly scratch: string;
  readonly program: string;
  readonly disk: string;
}

/** @param names apart by spaces */
function asked(method: string, names: string, whole: (name: string) => string) {
  return names.split(" ").map((name) => [method, whole(name)] as const);
}

/** The whole of an answer: status, type and body. */
export function assertSays(answer: Answer, status: number, body: string | object): void {
  assert.equal(answer.status, status, answer.text);
  const isText = typeof body === "string";
  if (isText) assert.equal(answer.text, body);
  else assert.deepEqual(answer.json, body);
  assert.equal(answer.headers["content-type"], isText ? TEXT_TYPE : JSON_TYPE);
}

/** @returns the public half of a new key, as a message has it */
function newKey(scratch: string): string {
  const file = path.join(scratch, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  return readFileSync(`${file}.pub`, "utf8").trim();
}
