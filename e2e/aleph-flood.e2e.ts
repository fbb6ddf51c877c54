/** Ten thousand bad signatures, each another one, against a real node: right answers, bounded memory, others are served. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { after, before, it } from "node:test";

import {
  allocationHeader,
  ethereumWallet,
  shortLivedKey,
  signedParts,
} from "../packages/daemon/src/testing/aleph-signers.ts";
import { AlephNode, alephNodeSuite } from "./harness/aleph-node.ts";

const SECRET = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const SIGNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const PATH = `/control/machine/${"deca".repeat(16)}/stop`;

const BAD_REQUESTS = 10_000;
const CONNECTIONS = 200;
/** that others wait, in `ms`: far more than was measured on a busy host, far less than all connections' signatures take */
const MIDDLE_WAIT_MS = 60;
const LONGEST_WAIT_MS = 3_000;
/** what the daemon may take besides: it was half of that */
const GROWTH_BYTES = 300 * 1024 * 1024;

const clock = { now: () => new Date() };

interface Call {
  readonly agent: Agent;
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
}

alephNodeSuite("aleph flood", () => {
  let node: AlephNode;

  before(async () => {
    node = await AlephNode.on({ ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS: SIGNER });
    await node.host.open();
  });
  after(async () => {
    await node.host.close();
  });

  async function statusOf(call: Call): Promise<number | undefined> {
    const asked = request({ host: "127.0.0.1", port: node.port, ...call });
    asked.end(call.method === "POST" ? "{}" : "");
    const [answer] = await once(asked, "response");
    answer.resume();
    await once(answer, "end");
    return answer.statusCode;
  }

  it("aleph flood: ten thousand bad signatures are 401, one by one, and nobody else waits for them", async (context) => {
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const others = new Agent({ keepAlive: true });
    const asked = { method: "POST", path: PATH };
    const forged = forger();
    const atFirst = node.host.daemon.residentBytes;
    const answers = new Map<number | undefined, number>();
    const indices = Array.from({ length: BAD_REQUESTS }, (_, index) => index).values();
    const over = new AbortController();
    const flooder = async () => {
      for (const index of indices) {
        const status = await statusOf({ ...asked, agent, headers: forged(index) });
        answers.set(status, (answers.get(status) ?? 0) + 1);
      }
    };
    const flood = Promise.all(Array.from({ length: CONNECTIONS }, flooder)).finally(() =>
      over.abort(),
    );
    const waits: number[] = [];
    let peak = atFirst;
    const path = "/about/executions/list";
    for (; !over.signal.aborted; peak = Math.max(peak, node.host.daemon.residentBytes)) {
      const began = performance.now();
      assert.equal(await statusOf({ agent: others, method: "GET", path }), 200);
      waits.push(performance.now() - began);
    }
    await flood;
    agent.destroy();
    others.destroy();
    assert.deepEqual([...answers], [[401, BAD_REQUESTS]]);
    const sorted = waits.toSorted((one, other) => one - other);
    const [middle = Infinity, longest = Infinity] = [sorted[sorted.length >> 1], sorted.at(-1)];
    const facts = `${waits.length} others waited ${middle} ms in the middle, ${longest} at most; ${atFirst} bytes became ${peak}`;
    context.diagnostic(facts);
    assert.ok(middle < MIDDLE_WAIT_MS && longest < LONGEST_WAIT_MS, facts);
    assert.ok(peak - atFirst < GROWTH_BYTES, facts);
  });
});

/** Signatures of wallets and of administrators in turn, none of them anybody's and none like another. */
function forger(): (index: number) => Record<string, string> {
  const wallet = ethereumWallet(SECRET);
  const operation = { path: PATH, domain: "localhost" };
  const { pubKey } = signedParts({ wallet, key: shortLivedKey(), clock, operation });
  return (index) => {
    const noise = randomBytes(30).toString("hex");
    if (index % 2 === 0) {
      const { signature } = pubKey;
      const other = signature.slice(0, 64) + noise + signature.slice(124);
      return { "x-signedpubkey": JSON.stringify({ ...pubKey, signature: other }) };
    }
    const right = headerOfNow();
    return {
      authorization: right.replace(/sig=(.{64}).{60}/, (_, r: string) => `sig=${r}${noise}`),
    };
  };
}

let signed: { readonly at: number; readonly header: string } | undefined;

/** Signed anew every minute, so that it is never refused for its age alone. */
function headerOfNow(): string {
  if (signed && Date.now() - signed.at < 60_000) return signed.header;
  const header = allocationHeader(SECRET, "{}", clock, { method: "POST", path: PATH });
  signed = { at: Date.now(), header };
  return header;
}
