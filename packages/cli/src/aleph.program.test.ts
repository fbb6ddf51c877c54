/** What the `aleph` verbs ask of a node and say of its answers. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";

import { Door } from "../../daemon/src/core/aleph/auth/door.ts";
import { Refusal } from "../../daemon/src/core/aleph/refusal.ts";
import { CLOSED_AUTH, NO_EARLIER_RUN } from "../../daemon/src/testing/aleph-signers.ts";
import { walletSignatures } from "../../daemon/src/wallets/signatures.ts";
import { BACKUP_BYTES, NodeRefusal } from "./testing/fake-node-answers.ts";
import {
  type Gate,
  NODE_TOKEN,
  OWNER,
  OWNER_SECRET,
  STRANGER_SECRET,
} from "./testing/fake-node.ts";
import { alcove } from "./testing/spawned-cli.ts";
import { type NodeStory, withNode as withFakeNode } from "./testing/with-node.ts";

const A = "aa11".repeat(16);
const B = "bb22".repeat(16);
const AB = `aa11${"ee".repeat(30)}`;
const MACHINE = `/control/machine/${A}`;

describe("alcove aleph", { timeout: 240_000, concurrency: 2 }, () => {
  test("a wallet signs in once; its key asks until it expires, and is forgotten", async () => {
    await withNode(async ({ node, dir, keyFile, run }) => {
      node.addVm(A);
      const before = await run(`stop ${A}`);
      assert.deepEqual([before.exitCode, before.stdout], [4, ""]);
      assert.match(
        before.stderr,
        /^alcove: Only its owner.*\n  Sign in with `alcove aleph sign-in/,
      );
      assert.equal((await run("whoami")).exitCode, 4);

      const signedIn = await run(`sign-in --key-file ${keyFile}`);
      assert.equal(signedIn.stdout, `${OWNER}\n`, signedIn.stderr);
      const where = path.join(dir, ".config/alcove/aleph");
      const [name = ""] = await readdir(where);
      const file = path.join(where, name);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.equal((await stat(where)).mode & 0o777, 0o700);
      assert.ok(!(await readFile(file, "utf8")).includes(OWNER_SECRET.slice(0, 16)));
      assert.match((await run("whoami")).stdout, new RegExp(`^${OWNER} at http://127.0.0.1:`));

      const stopped = await run(`stop ${A}`);
      assert.deepEqual(stopped, { exitCode: 0, stdout: `${A}: Stopped VM\n`, stderr: "" });
      assert.equal(node.seen.at(-1)?.as, OWNER);
      assert.equal((await run(`stop ${A}`)).stdout, `${A}: Already stopped, nothing to do\n`);

      await chmod(file, 0o644);
      const open = await run(`stop ${A}`);
      assert.equal(open.exitCode, 2);
      assert.match(open.stderr, /may be used by others; sign out and in again/);
      assert.match((await run("sign-out")).stderr, /^Signed out at/);
      assert.match((await run("sign-out")).stderr, /^Nobody is signed in/);

      await run(`sign-in --key-file ${keyFile} --for 1s`);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      const late = await run(`stop ${A}`);
      assert.equal(late.exitCode, 4);
      assert.match(late.stderr, /has expired/);
    });
  });

  test("another's wallet, a wrong name of the node and a wrong token are told apart", async () => {
    await withNode(async ({ node, dir, run, keyFile }) => {
      node.addVm(A);
      const other = path.join(dir, "other");
      await writeFile(other, STRANGER_SECRET, { mode: 0o600 });
      await run(`sign-in --key-file ${other}`);
      const stranger = await run(`stop ${A}`);
      assert.deepEqual([stranger.exitCode, node.vms.get(A)?.running], [4, true]);
      assert.match(
        stranger.stderr,
        /Unauthorized sender\n  0x70997970.* is neither the VM's owner/,
      );
      const token = await run(`stop ${A}`, { env: { ALCOVE_ALEPH_TOKEN: "wrong" } });
      assert.equal(token.exitCode, 4);
      assert.match(token.stderr, /ALEPH_VM_ALLOCATION_TOKEN_HASH/);
      await run(`sign-in --key-file ${keyFile}`);
      const json = await run(`stop ${B} --json`);
      assert.equal(json.exitCode, 5);
      const failure: unknown = JSON.parse(json.stderr);
      assert.partialDeepStrictEqual(failure, { error: `No virtual machine with ref ${B}` });
    });
    await withNode(async ({ node, keyFile, run }) => {
      node.addVm(A);
      await run(`sign-in --key-file ${keyFile}`);
      const { exitCode, stderr } = await run(`reboot ${A}`);
      assert.equal(exitCode, 4);
      assert.match(
        stderr,
        /The node calls itself crn\.example\.org: sign in with --node http:\/\/crn/,
      );
      const logs = await run(`logs ${A} -f`);
      assert.deepEqual([logs.exitCode, logs.stdout], [4, ""]);
      assert.match(logs.stderr, /Invalid domain\n  The node does not call itself 127\.0\.0\.1/);
    }, "crn.example.org");
  });

  test("VMs are named by what of their hashes only one has", async () => {
    await withNode(async ({ node, asAdmin }) => {
      for (const hash of [A, AB, B]) node.addVm(hash);
      assert.equal(
        (await asAdmin("reboot bb aa11aa")).stdout,
        `${B}: Rebooted VM\n${A}: Rebooted VM\n`,
      );
      const two = await asAdmin("erase aa11");
      assert.deepEqual([two.exitCode, two.stdout], [2, ""]);
      assert.match(two.stderr, /aa11 is the beginning of aa11aa11aa11 and aa11eeeeeeee/);
      const none = await asAdmin("erase cc");
      assert.equal(none.exitCode, 5);
      assert.match(none.stderr, /list --all/);
      assert.equal((await asAdmin("erase zebra")).exitCode, 2);
      assert.ok(!node.seen.some(({ path: asked }) => asked.endsWith("/erase")));
    });
  });

  test("expire and reinstall say how; a request that is signed whole has no query", async () => {
    await withNode(async ({ node, keyFile, run, asAdmin }) => {
      node.addVm(A);
      assert.equal((await asAdmin(`expire ${A} --in 2m`)).exitCode, 0);
      assert.deepEqual(node.sentTo(`${MACHINE}/expire`), { timeout: 120 });
      await asAdmin(`reinstall ${A} --keep-volumes`);
      assert.equal(node.seen.at(-1)?.query, "erase_volumes=false");
      const signer = `--allocation-key-file ${keyFile}`;
      const signed = await run(`reinstall ${A} ${signer} --json`);
      assert.deepEqual(JSON.parse(signed.stdout), [
        { hash: A, answer: `Reinstalled VM with ref ${A}` },
      ]);
      assert.equal(node.seen.at(-1)?.as, "administrator");
      const query = await run(`reinstall ${A} --keep-volumes ${signer}`);
      assert.equal(query.exitCode, 2);
      assert.match(query.stderr, /cannot be signed whole/);
    });
  });

  test("list and records, for people and for programs", async () => {
    await withNode(async ({ node, run }) => {
      node.addVm(A, { ports: { 22: "tcp", 53: "tcp+udp" } });
      node.addVm(B, { running: false });
      const { stdout } = await run("list");
      assert.match(
        stdout,
        /^HASH +TYPE +STATE +IPV4 +IPV6 +PORTS +STARTED\naa11aa11aa11 +instance +running +172\.16\.4\.2 +fd00::2 +22.+24000\/tcp,53.+24001\/tcp\+udp +.* ago\n$/,
      );
      assert.match(
        (await run("ls --all --wide")).stdout,
        new RegExp(`^${B} +instance +stopped`, "m"),
      );
      const listed: unknown = JSON.parse((await run("list --json")).stdout);
      assert.partialDeepStrictEqual(listed, { [A]: { running: true } });
      const records = await run("records");
      assert.match(records.stdout, /^HASH +ID +CPUS +RAM +DEFINED +STARTED +STOPPED$/m);
      assert.match(records.stdout, /^bb22bb22bb22 +5 +1 +256MiB +.* ago +.* ago +-$/m);
      const completed = await alcove(["__complete", "aleph", "stop", "--node", node.url, "bb"]);
      assert.equal(completed.stdout, `${B}\tstopped\n`);
      assert.match((await alcove(["__complete", "aleph", "bac"])).stdout, /^backup\t/);
    });
  });

  test("an allocation says what it stops, and does nothing before somebody agrees", async () => {
    await withNode(async ({ node, asAdmin, run, keyFile }) => {
      node.addVm(A);
      node.addVm(B, { payment: "superfluid" });
      const unasked = await asAdmin(`allocate ${"c0".repeat(32)}`);
      assert.equal(unasked.exitCode, 2);
      assert.match(unasked.stderr, new RegExp(`would stop   ${A}\nwould start  c0c0`));
      assert.match(
        unasked.stderr,
        new RegExp(`stays        ${B}: its owner pays for it by stream`),
      );
      assert.match(unasked.stderr, /Stop this VM\? .* --yes/);
      assert.ok(!node.seen.some(({ path: asked }) => asked === "/control/allocations"));
      const dry = await asAdmin("allocate --nothing --dry-run --json");
      assert.partialDeepStrictEqual(JSON.parse(dry.stdout), { stops: [A], starts: [] });
      for (const words of ["allocate", `allocate ${A} --nothing`])
        assert.equal((await asAdmin(words)).exitCode, 2, words);

      const kept = await asAdmin("allocate aa11");
      assert.deepEqual([kept.exitCode, kept.stdout], [0, `${A}: running\n`]);
      const signed = await run(`allocate aa11 --allocation-key-file ${keyFile}`);
      assert.equal(signed.exitCode, 0, signed.stderr);
      await run(`sign-in --key-file ${keyFile}`);
      const owner = await run("allocate aa11");
      assert.deepEqual([owner.exitCode, owner.stdout], [4, ""]);
      assert.match(owner.stderr, /administrator/);
    });
  });

  test("what does not start is named with its reason; no room has an exit status of its own", async () => {
    await withNode(async ({ node, asAdmin }) => {
      node.addVm(A);
      const [bad, full, good] = ["bad0", "b16f", "c0c0"].map((text) => text.repeat(16));
      const some = await asAdmin(`allocate ${bad} ${good} --program ${B} --yes`);
      assert.equal(some.exitCode, 1);
      const reason = "it cannot be set up: no 'parent' disk";
      assert.equal(
        some.stdout,
        `${A}: stopped\n${B}: running\n${good}: running\n${bad}: failed: ${reason}\n`,
      );
      assert.match(some.stderr, /alcove: 1 of 3 VMs did not start\n$/);
      assert.deepEqual(node.sentTo("/control/allocations"), {
        persistent_vms: [B],
        instances: [bad, good],
      });
      const none = await asAdmin(`allocate ${full} --yes --json`);
      assert.equal(none.exitCode, 8);
      assert.partialDeepStrictEqual(JSON.parse(none.stdout), { success: false, failing: [full] });
      assert.match(none.stderr, /"code":"no_capacity"/);
    });
  });

  test("start: runs, or says why it does not", async () => {
    await withNode(async ({ node, dir, run, asAdmin }) => {
      const hashes = ["c0c0", "404a", "402a", "503a", "bad0"].map((text) => text.repeat(16));
      const [good = "", unknown = "", poor, full, bad = ""] = hashes;
      assert.equal((await run(`start ${good}`)).stdout, `${good}: started\n`);
      assert.equal(node.seen.at(-1)?.as, "nobody");
      const ends = await Promise.all(
        [unknown, poor, full, bad].map((hash) => run(`start ${hash}`)),
      );
      assert.deepEqual(
        ends.map(({ exitCode }) => exitCode),
        [5, 4, 8, 1],
      );
      assert.match(ends[0]?.stderr ?? "", /aleph import message/);
      assert.match(ends[1]?.stderr ?? "", /Insufficient balance for this instance Required: 2/);
      assert.match(ends[3]?.stderr ?? "", /did not start: it cannot be set up: no 'parent' disk/);
      const file = path.join(dir, "message.json");
      await writeFile(file, '{"item_hash": "x"}');
      assert.equal((await asAdmin(`start ${unknown} --message ${file}`)).exitCode, 0);
      assert.deepEqual(node.sentTo("/control/allocation/notify"), {
        instance: unknown,
        message: { item_hash: "x" },
      });
    });
  });

  test("ports are shown, opened and closed, each time as the whole list", async () => {
    await withNode(async ({ node, run, asAdmin }) => {
      node.addVm(A, { ports: { 22: "tcp", 80: "tcp" } });
      assert.equal(
        (await run("ports aa11")).stdout,
        "PORT  OF THE HOST  OVER\n22    24000        tcp\n80    24001        tcp\n",
      );
      assert.equal((await run("ports aa11 --open 53/udp")).exitCode, 4);
      const changed = await asAdmin("ports aa11 --open 53/tcp+udp --open 80/udp --close 53");
      assert.deepEqual(node.sentTo(`${MACHINE}/update`), {
        ports: { 22: over(true, false), 53: over(false, true), 80: over(true, true) },
      });
      assert.match(changed.stdout, /^80 +24002 +tcp\+udp$/m);
      await asAdmin("ports aa11 --refresh");
      const update = node.seen.findLast(({ path: asked }) => asked.endsWith("/update"));
      assert.deepEqual([update?.body.length, update?.as], [0, "administrator"]);
      assert.equal((await asAdmin("ports aa11 --open 0")).exitCode, 2);
    });
  });

  test("imports: messages by their hash, bare contents by their digest, aggregates by owner and key", async () => {
    await withNode(async ({ node, dir, run, asAdmin }) => {
      const file = path.join(dir, "message.json");
      await writeFile(file, JSON.stringify({ item_hash: A, type: "INSTANCE" }));
      assert.equal((await asAdmin(`import message ${file}`)).stdout, `${A}\n`);
      assert.deepEqual(node.sentTo(`/local/v0/messages/${A}`), { item_hash: A, type: "INSTANCE" });
      const bare = '{"address": "0x1"}\n';
      const digest = createHash("sha256").update(bare).digest("hex");
      assert.equal((await asAdmin("import message -", { stdin: bare })).stdout, `${digest}\n`);
      await asAdmin(`import message - --hash ${B}`, { stdin: bare });
      assert.deepEqual(node.sentTo(`/local/v0/messages/${B}`), { address: "0x1" });
      const aggregate = await asAdmin("import aggregate 0x1 port-forwarding -", { stdin: "{}" });
      assert.equal(aggregate.stdout, "0x1 port-forwarding\n");
      assert.equal(node.seen.at(-1)?.path, "/local/v0/aggregates/0x1/port-forwarding");
      for (const [words, stdin, said] of [
        ["import message -", "{", /is not JSON/],
        ["import message -", "[]", /no JSON object/],
        ["import message -", " ".repeat(2 ** 20 + 1), /more than 1 MiB/],
        ["import message /nonexistent", "", /cannot be read/],
        ["import message - --hash x", "{}", /no hash/],
        ["import file -", "x", /--ref HASH/],
      ] as const) {
        const wrong = await asAdmin(words, { stdin });
        assert.deepEqual([wrong.exitCode, wrong.stdout], [2, ""], words);
        assert.match(wrong.stderr, said);
      }
      assert.equal((await run(`import message ${file}`)).exitCode, 4);
    });
  });

  test("a file is streamed, and its ref is its digest unless it is named", async () => {
    await withNode(async ({ node, dir, keyFile, run, asAdmin }) => {
      const bytes = randomBytes(3_000_000);
      const file = path.join(dir, "disk");
      await writeFile(file, bytes);
      const ref = createHash("sha256").update(bytes).digest("hex");
      assert.equal((await asAdmin(`import file ${file}`)).stdout, `${ref}\n`);
      assert.ok(node.files.get(ref)?.equals(bytes));
      assert.equal((await asAdmin(`import file - --ref ${A}`, { stdin: bytes })).exitCode, 0);
      assert.ok(node.files.get(A)?.equals(bytes));
      const signed = await run(`import file ${file} --allocation-key-file ${keyFile}`);
      assert.equal(signed.exitCode, 2);
      assert.match(signed.stderr, /piece by piece/);
      node.answers.set(`/local/v0/files/${ref}`, { status: 201, json: { sha256: "other" } });
      const changed = await asAdmin(`import file ${file}`);
      assert.deepEqual([changed.exitCode, changed.stdout], [1, ""]);
      node.answers.set(`/local/v0/files/${ref}`, { status: 507, text: "No space left" });
      assert.equal((await asAdmin(`import file ${file}`)).exitCode, 8);
    });
  });

  test("logs: the past as lines or as a list, and on, for owners and for administrators", async () => {
    await withNode(async ({ node, keyFile, run, asAdmin }) => {
      node.addVm(A);
      await run(`sign-in --key-file ${keyFile}`);
      const lines = "first\nsecond \u001b[31m\n";
      for (const ask of [run, asAdmin]) {
        assert.equal((await ask("logs aa11")).stdout, lines);
        const followed = await ask("logs aa11 -f");
        assert.deepEqual(followed, {
          exitCode: 0,
          stdout: lines,
          stderr: "VM is not running, past logs sent\n",
        });
      }
      const list: unknown = JSON.parse((await run("logs aa11 --json")).stdout);
      assert.partialDeepStrictEqual(list, [{ MESSAGE: "first" }, { MESSAGE: "second \u001b[31m" }]);
      const live = (await run("logs aa11 -f --json")).stdout.trim().split("\n");
      assert.deepEqual(JSON.parse(live[0] ?? ""), { type: "stdout", message: "first" });
      node.lines = [];
      assert.equal((await run("logs aa11")).stdout, "");
      assert.deepEqual(JSON.parse((await run("logs aa11 --json")).stdout), []);
      assert.equal((await run(`logs ${B}`)).exitCode, 5);
      const starting = { type: "system", message: "VM is starting, try again shortly" };
      node.answers.set(`${MACHINE}/stream_logs`, { text: `${JSON.stringify(starting)}\n` });
      assert.equal((await asAdmin("logs aa11 -f")).exitCode, 6);
    });
  });

  test("backups are made, fetched whole, removed and brought back", async () => {
    await withNode(async ({ node, dir, keyFile, run }) => {
      node.addVm(A);
      await run(`sign-in --key-file ${keyFile}`);
      const id = `${A}-20260102T030405Z`;
      node.backupLooks = 2;
      assert.equal((await run("backup create aa11 --volumes --no-freeze")).stdout, `${id}\n`);
      const [asked] = node.seen.filter(({ method }) => method === "POST");
      assert.equal(asked?.query, "include_volumes=true&skip_fsfreeze=true");
      node.backupLooks = 1;
      const begun = await run("backup create aa11 --no-wait");
      assert.deepEqual([begun.exitCode, begun.stdout], [0, ""]);
      assert.match((await run("backup show aa11")).stdout, /^disks +rootfs\.qcow2$/m);

      const target = path.join(dir, "copy.tar");
      assert.equal((await run(`backup fetch aa11 ${target}`)).stdout, `${target}\n`);
      assert.ok((await readFile(target)).equals(BACKUP_BYTES));
      assert.equal((await run(`backup fetch aa11 ${target}`)).exitCode, 2);
      node.answers.set(`${MACHINE}/backup/${id}`, { text: "other bytes" });
      const other = path.join(dir, "other.tar");
      assert.equal((await run(`backup fetch aa11 ${other}`)).exitCode, 1);
      assert.deepEqual(
        (await readdir(dir)).filter((name) => name.startsWith("other")),
        [],
      );
      node.answers.clear();
      assert.equal((await run("backup rm aa11")).stdout, `${id} removed\n`);
      assert.equal(node.seen.at(-1)?.path, `${MACHINE}/backup/${id}`);

      assert.equal((await run(`backup restore aa11 ${target}`)).stdout, `${A}: restored\n`);
      const form = node.seen.at(-1)?.body.toString() ?? "";
      assert.match(
        form,
        /name="rootfs"; filename="rootfs\.qcow2"\r\n.*\r\n\r\na tar of disks\r\n--/s,
      );
      await run(`backup restore aa11 --ref ${B}`);
      assert.deepEqual(node.sentTo(`${MACHINE}/restore`), { volume_ref: B });
      assert.equal((await run("backup restore aa11")).exitCode, 2);
    });
  });

  test("a measurement is shown, and judged by who knows what it should be", async () => {
    await withNode(async ({ node, dir, asAdmin }) => {
      const sev_info = { enabled: true, api_major: 1, api_minor: 55, build_id: 24, policy: 1 };
      const launch_measure = "FUhh6syUywO2O5C2xllUkMTP5emJ4s6dTFKdHH26ls+goaKjpKWmp6ipqqusra6v";
      const json = { sev_info: { ...sev_info, state: "launch-secret", handle: 1 }, launch_measure };
      node.answers.set(`${MACHINE}/confidential/measurement`, { json });
      assert.match(
        (await asAdmin(`confidential measure ${A}`)).stdout,
        /^state +launch-secret\npolicy +1\nfirmware of the processor +1\.55 build 24\n/,
      );
      const [firmware, tik] = [path.join(dir, "firmware"), path.join(dir, "tik")];
      await writeFile(firmware, "aleph-wire test firmware\n");
      await writeFile(tik, Buffer.from("000102030405060708090a0b0c0d0e0f", "hex"));
      const judge = `confidential measure ${A} --firmware ${firmware} --tik ${tik}`;
      const good = await asAdmin(`${judge} --json`);
      assert.deepEqual([good.exitCode, JSON.parse(good.stdout)], [0, json]);
      const bad = await asAdmin(`${judge} --policy 3`);
      assert.equal(bad.exitCode, 1);
      assert.match(bad.stderr, /do not send the secret/);
      assert.equal((await asAdmin(`confidential measure ${A} --tik ${tik}`)).exitCode, 2);
      assert.equal((await asAdmin(`${judge.replace(/ \S+$/, "")} ${firmware}`)).exitCode, 2);
    });
  });

  test("usage, capability and status: the machine, and whether it is well", async () => {
    await withNode(async ({ node, run }) => {
      const usage = { cpu: { count: 2, load_average: { load1: 0.5, load5: 1, load15: 2 } } };
      node.answers.set("/about/usage/system", { json: usage });
      assert.equal((await run("usage")).stdout, "CPUs  2\nload  0.50 1.00 2.00\n");
      assert.deepEqual(JSON.parse((await run("usage --json")).stdout), usage);
      node.answers.set("/about/capability", { json: { cpu: { features: ["sev"], count: 2 } } });
      assert.equal((await run("capability")).stdout, "CPUs          2\nconfidential  sev\n");

      const config = {
        DOMAIN_NAME: "crn.example",
        version: "1.13.0",
        computing: {
          ENABLE_CONFIDENTIAL_COMPUTING: true,
          CONFIDENTIAL_COMPUTING_IS_SIMULATED: true,
        },
      };
      const well = { egress: true, dns: true, domain: true, http: true };
      node.answers.set("/status/config", { json: config });
      node.answers.set("/status/check/host", { json: { ipv4: well, ipv6: well } });
      node.answers.set("/status/check/ipv6", { json: { host: true, vm: false } });
      const { exitCode, stdout } = await run("status");
      assert.equal(exitCode, 0);
      assert.match(
        stdout,
        /^name +crn\.example\nversion +1\.13\.0\nconfidential +simulated: protects nothing$/m,
      );
      assert.match(stdout, /^ipv4 +egress ok, dns ok, domain ok, http ok$/m);
      assert.match(stdout, /^ipv6 +host ok, vm no$/m);
      const ipv6 = { ...well, egress: false };
      node.answers.set("/status/check/host", { status: 503, json: { ipv4: well, ipv6 } });
      node.answers.set("/status/check/fastapi", { status: 503, json: { index: false } });
      const ill = await run("status --vm --json");
      assert.equal(ill.exitCode, 1);
      assert.partialDeepStrictEqual(JSON.parse(ill.stdout), {
        config,
        checks: { host: { ipv6: { egress: false } }, vm: { index: false } },
      });
    });
  });

  test("nobody there, somebody else there, and an address that is none", async () => {
    await withNode(async ({ node, run }) => {
      const gone = await run("list --node http://127.0.0.1:1");
      assert.equal(gone.exitCode, 3);
      assert.match(gone.stderr, /No Aleph node answers at http:\/\/127\.0\.0\.1:1\.\n.*--node/);
      for (const url of ["localhost", "ftp://x", "http://x/path", "/run/api.sock"])
        assert.equal((await run(`list --node ${url}`)).exitCode, 2, url);
      node.answers.set("/v2/about/executions/list", { text: "hello" });
      assert.equal((await run("list")).exitCode, 1);
      const token = await run("whoami", { env: { ALCOVE_ALEPH_TOKEN: NODE_TOKEN } });
      assert.match(token.stdout, /^the administrator's token/);
      assert.equal((await run("list --token-file a --allocation-key-file b")).exitCode, 2);
    });
  });
});

function over(tcp: boolean, udp: boolean) {
  return { tcp, udp };
}

function withNode(story: (given: NodeStory) => Promise<void>, domain = "127.0.0.1"): Promise<void> {
  return withFakeNode(realGate(domain), story);
}

/** The daemon's own door: what it lets in, a node lets in. @param domain the name that clients sign for */
function realGate(domain: string): Gate {
  const allocationTokenHash = createHash("sha256").update(NODE_TOKEN).digest("hex");
  const door = new Door({
    auth: { ...CLOSED_AUTH, allocationTokenHash, allocationSigners: [OWNER], openNotify: true },
    domains: [domain],
    wallets: walletSignatures,
    earlier: NO_EARLIER_RUN,
    clock: { now: () => new Date() },
  });
  return {
    caller: async (facts, kind) => {
      try {
        const caller = await door.caller(facts, kind);
        return caller.kind === "wallet" ? caller.address : caller.kind;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        throw new NodeRefusal(error.kind === "unauthorized" ? 401 : 400, error.message);
      }
    },
    refusesWatcher: async (frame) => {
      const watching = await door.watcher(frame);
      return "refused" in watching ? watching.refused : undefined;
    },
  };
}
