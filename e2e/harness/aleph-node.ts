/** An Aleph node under test: a daemon with its second listener, a store of messages, and what an administrator does. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { describe, it } from "node:test";

import type { AlephClient } from "./aleph-client.ts";
import { type Answer, Api, type Ask } from "./api.ts";
import { cannotRun, IMAGES } from "./can-run.ts";
import { asObject, type JsonObject, textIn } from "./json-value.ts";
import { type Settings, TestHost } from "./test-host.ts";

/** the administrator's token in all tests */
const TOKEN = "test";
const INSTANCE_DISK_MIB = 4096;
/** away from those of a node that really serves here, within the /12 of IPv4 */
const FIRST_VM_ID = 100;
const VM_IDS = 3900;

export class AlephNode {
  readonly host: TestHost;
  readonly port: number;

  static async on(settings: Settings = {}): Promise<AlephNode> {
    return new AlephNode(await freePort(), settings);
  }

  private constructor(port: number, settings: Settings) {
    this.port = port;
    this.host = new TestHost({
      ALCOVE_ALEPH: "on",
      ALEPH_VM_SUPERVISOR_PORT: String(port),
      ALEPH_VM_DOMAIN_NAME: "localhost",
      ALEPH_VM_ALLOCATION_TOKEN_HASH: createHash("sha256").update(TOKEN).digest("hex"),
      ALEPH_VM_HOST_MEMORY_RESERVED_MIB: "512",
      ALEPH_VM_PROGRAM_MEMORY_RESERVED_MIB: "512",
      // Names of taps and IPv6 networks follow from these: nodes of suites that run at once must not share them.
      ALEPH_VM_START_ID_INDEX: String(FIRST_VM_ID + ((port * 10) % VM_IDS)),
      ALEPH_VM_IPV6_ADDRESS_POOL: `fc00:1:${port.toString(16)}:3::/64`,
      ...settings,
    });
  }

  /** as clients are told it: they sign for its host name */
  get url(): string {
    return `http://localhost:${this.port}`;
  }

  get api(): Api {
    return new Api({ port: this.port });
  }

  get storeDir(): string {
    return path.join(this.host.dirs.state, "aleph/store");
  }

  /** What the administrator asks. */
  asAdmin(method: string, where: string, ask: Ask = {}): Promise<Answer> {
    return this.api.ask(method, where, { ...ask, headers: { "X-Auth-Signature": TOKEN } });
  }

  /** Puts a file into the store as operators of big files do: by hand, without a copy. @returns its ref */
  addFile(file: string): string {
    const ref = randomBytes(32).toString("hex");
    const files = path.join(this.storeDir, "files");
    mkdirSync(files, { recursive: true });
    symlinkSync(file, path.join(files, ref));
    return ref;
  }

  /** The root file system of the base image, as a parent for instances. */
  addBaseImage(): string {
    const id = readFileSync(path.join(IMAGES, "names/base"), "utf8").trim();
    const manifest = asObject(
      JSON.parse(readFileSync(path.join(IMAGES, `manifests/${id}.json`), "utf8")),
    );
    const digest = textIn(asObject(asObject(manifest["rootfs"])["blob"]), "digest");
    return this.addFile(path.join(IMAGES, "blobs/sha256-4m", digest));
  }

  /** Has a message signed by its owner and takes it in. @returns its hash */
  async publish(owner: AlephClient, content: JsonObject): Promise<string> {
    const message = await owner.object("sign", { content });
    const hash = textIn(message, "item_hash");
    const put = await this.asAdmin("PUT", `/local/v0/messages/${hash}`, { json: message });
    assert.equal(put.status, 201, put.text);
    return hash;
  }

  /** Makes these VMs, and no others, run. */
  allocate(instances: readonly string[]): Promise<Answer> {
    return this.asAdmin("POST", "/control/allocations", {
      json: { persistent_vms: [], instances },
    });
  }

  /** the entry of a VM in the newer list; `undefined` when it is not there */
  async listed(vm: string): Promise<JsonObject | undefined> {
    const answer = await this.api.get("/v2/about/executions/list");
    assert.equal(answer.status, 200, answer.text);
    const entry = asObject(answer.json)[vm];
    return entry === undefined ? undefined : asObject(entry);
  }

  /** Everything that was allocated is gone for good, so that the suite leaves nothing. */
  async eraseAll(): Promise<void> {
    const records = await this.api.get("/about/executions/records");
    const rows: unknown = records.json;
    assert.ok(Array.isArray(rows));
    const hashes = new Set(rows.map((row) => textIn(row, "vm_hash")));
    for (const hash of hashes) {
      const answer = await this.asAdmin("POST", `/control/machine/${hash}/erase`);
      assert.ok(answer.status === 200 || answer.status === 404, answer.text);
    }
  }
}

/** A suite on a node that needs no other client than ours. */
export function alephNodeSuite(title: string, body: () => void): void {
  describe(title, { skip: cannotRun }, body);
}

/** Stories that go on where the last one ended; one that fails prints the daemon's log since it began. */
export function storiesOf(
  title: string,
  node: () => AlephNode,
): (name: string, work: () => Promise<void>) => void {
  return (name, work) =>
    void it(`${title}: ${name}`, async () => {
      const { host } = node();
      const since = host.daemon.lines.length;
      try {
        await work();
      } catch (error) {
        host.printLog(since);
        throw error;
      }
    });
}

/** What an instance is to be, complete as the network's schema wants it. */
export function instanceContent(owner: string, parent: string, more: JsonObject = {}): JsonObject {
  return {
    address: owner,
    time: Date.now() / 1000,
    allow_amend: false,
    environment: { internet: true, aleph_api: true, hypervisor: "qemu" },
    resources: { vcpus: 1, memory: 256, seconds: 30 },
    payment: { chain: "ETH", type: "hold" },
    rootfs: {
      parent: { ref: parent, use_latest: false },
      persistence: "host",
      size_mib: INSTANCE_DISK_MIB,
    },
    volumes: [],
    authorized_keys: [],
    ...more,
  };
}

/** A port of the host that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}
