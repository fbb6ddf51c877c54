/**
 * The Aleph node in the console: what everybody sees who holds the host's token, what takes the node's own token
 * besides, and the node's own page to sign in at. Machines are not real: what they run is no part of these stories.
 */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { Api, type Ask } from "./harness/api.ts";
import { look } from "./harness/browser-look.ts";
import { consoleSuite, FAKE, originOf } from "./harness/browser-suite.ts";
import type { Visit } from "./harness/browser-visit.ts";
import { asObject } from "./harness/json-value.ts";
import type { Settings, TestHost } from "./harness/test-host.ts";

const ADMINISTRATOR = "test";
const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const PARENT = "aa".repeat(32);
const PARENT_BYTES = 1_048_576;
const EXT4_MARK = { value: 0xef53, at: 1024 + 56 } as const;
const REFUSED = /answer 401/;

const NODE: Settings = {
  ...FAKE,
  ALCOVE_ALEPH: "on",
  ALEPH_VM_SUPERVISOR_PORT: "0",
  ALEPH_VM_DOMAIN_NAME: "node.example.org",
  ALEPH_VM_ALLOCATION_TOKEN_HASH: createHash("sha256").update(ADMINISTRATOR).digest("hex"),
  ALEPH_VM_HOST_MEMORY_RESERVED_MIB: "0",
  ALEPH_VM_PROGRAM_MEMORY_RESERVED_MIB: "0",
  ALEPH_VM_VCPU_OVERCOMMIT_FACTOR: "100",
};

/** The node's own listener. */
async function nodeOf(host: TestHost): Promise<Api> {
  const { port } = asObject((await host.api.get("/v1/aleph")).json);
  assert.ok(typeof port === "number");
  return new Api({ port });
}

async function asAdministrator(host: TestHost, line: string, body: Ask = {}): Promise<void> {
  const [method = "", where = ""] = line.split(" ");
  const headers = { "X-Auth-Signature": ADMINISTRATOR };
  const answer = await (await nodeOf(host)).ask(method, where, { headers, ...body });
  assert.ok(answer.status < 300, answer.text);
}

/** An instance that runs. @returns its hash */
async function instance(host: TestHost): Promise<string> {
  const files = path.join(host.dirs.state, "aleph/store/files");
  const disk = Buffer.alloc(PARENT_BYTES);
  disk.writeUInt16LE(EXT4_MARK.value, EXT4_MARK.at);
  mkdirSync(files, { recursive: true });
  writeFileSync(path.join(files, PARENT), disk);
  const hash = randomBytes(32).toString("hex");
  const content = {
    address: OWNER,
    time: 1_748_779_200,
    allow_amend: false,
    environment: { hypervisor: "qemu", internet: true },
    resources: { vcpus: 1, memory: 128, seconds: 30 },
    payment: { chain: "ETH", type: "hold" },
    rootfs: { parent: { ref: PARENT, use_latest: false }, persistence: "host", size_mib: 64 },
  };
  await asAdministrator(host, `PUT /local/v0/messages/${hash}`, { json: content });
  await asAdministrator(host, "POST /control/allocation/notify", { json: { instance: hash } });
  return hash;
}

function loginToken(host: TestHost): string {
  return readFileSync(path.join(host.dirs.state, "aleph/login_token"), "utf8");
}

const row = (visit: Visit, hash: string) =>
  visit.page.getByRole("row").filter({ hasText: hash.slice(0, 8) });

consoleSuite("console aleph", NODE, (host, story) => {
  const token = (): string => host.api.token ?? "";

  story("the host's token shows what the node tells everybody, and no owner", async (begin) => {
    const hash = await instance(host);
    const visit = await begin();
    await visit.signIn(token());
    await visit.open("/aleph");
    await row(visit, hash).getByText("running").waitFor();
    await look(visit, "aleph-node");
    await row(visit, hash).getByRole("link").click();
    await visit.page.getByText(hash).waitFor();
    await look(visit, "aleph-execution-public");
    assert.equal(await visit.page.getByText(OWNER).count(), 0);
    assert.equal(await visit.page.getByRole("button", { name: "Stop" }).count(), 0);
    await asAdministrator(host, `POST /control/machine/${hash}/erase`);
  });

  story("the operator signs in, reads what it says, stops, starts and erases it", async (begin) => {
    const hash = await instance(host);
    const visit = await begin();
    const { page } = visit;
    visit.expects(REFUSED);
    await visit.signIn(token());
    await visit.open(`/aleph/${hash}`);
    await page.getByLabel("Node's token").fill(token());
    await page.getByRole("button", { name: "Sign in as operator" }).click();
    await page.getByText("That is not this node's token").waitFor();
    await page.getByLabel("Node's token").fill(loginToken(host));
    await page.keyboard.press("Enter");
    await page.getByText(OWNER).first().waitFor();
    await page.getByRole("log").getByText("booted").waitFor();
    await look(visit, "aleph-execution");

    await page.getByRole("button", { name: "Stop", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Its disks, its ports and its logs stay").waitFor();
    await dialog.getByRole("button", { name: /^Stop / }).click();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await dialog.getByRole("button", { name: /^Start / }).click();
    await page.getByRole("button", { name: "Reboot", exact: true }).waitFor();
    await page.getByRole("button", { name: "Erase", exact: true }).click();
    await dialog.getByText("Nobody can bring them back").waitFor();
    await dialog.getByRole("button", { name: /^Erase / }).click();
    await page.getByRole("heading", { level: 1, name: "Aleph node" }).waitFor();
    await row(visit, hash).waitFor({ state: "detached" });
    await page.getByText("ALLOCATION_TOKEN_HASH").waitFor();
    await look(visit, "aleph-operator");
  });

  story("what somebody else does to an execution is seen without asking again", async (begin) => {
    const hash = await instance(host);
    const visit = await begin();
    await visit.signIn(token());
    await visit.open("/aleph");
    await row(visit, hash).getByText("running").waitFor();
    await asAdministrator(host, `POST /control/machine/${hash}/stop`);
    await row(visit, hash).getByText("stopped").waitFor();
    await asAdministrator(host, `POST /control/machine/${hash}/erase`);
    await row(visit, hash).waitFor({ state: "detached" });
  });

  story("who signs in at the node's own address is signed in here, too", async (begin) => {
    const hash = await instance(host);
    const visit = await begin();
    const { page } = visit;
    visit.expects(REFUSED, /left the origin/);
    await visit.signIn(token());
    const { endpoint } = await nodeOf(host);
    assert.ok("port" in endpoint);
    await page.goto(`http://127.0.0.1:${endpoint.port}/about/login`);
    await look(visit, "aleph-login");
    await page.getByLabel("Token").fill(loginToken(host));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "You are signed in" }).waitFor();
    assert.equal(new URL(page.url()).search, "");
    await look(visit, "aleph-login-done");
    await page.goto(`${originOf(host)}/ui/aleph/${hash}`);
    await page.getByText(OWNER).first().waitFor();
    await asAdministrator(host, `POST /control/machine/${hash}/erase`);
  });
});

consoleSuite("console without a node", FAKE, (host, story) => {
  story("a host that is no node says what one is, and how to become one", async (begin) => {
    const visit = await begin();
    await visit.signIn(host.api.token ?? "");
    await visit.open("/aleph");
    await visit.page.getByText("ALCOVE_ALEPH=on").waitFor();
    await look(visit, "aleph-off");
  });
});
