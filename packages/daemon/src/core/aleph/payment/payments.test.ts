import assert from "node:assert/strict";
import { test } from "node:test";

import { instanceContent, SIGNED_HASH, SIGNED_MESSAGE } from "#testing/aleph-messages.ts";
import { never } from "#testing/fake-host.ts";

import { readInstance, readMessage } from "../message/parse.ts";
import type { Balance, Price } from "../ports/message-source.ts";
import { Refusal } from "../refusal.ts";
import { Payments, type PaidOrder, type PaymentsDeps } from "./payments.ts";

const NODE = "0x00000000000000000000000000000000000000aA";
const STREAM = { payment: { type: "superfluid", receiver: NODE.toLowerCase(), chain: "AVAX" } };
const CREDIT = { payment: { type: "credit" } };
const SECRET = { environment: { hypervisor: "qemu", trusted_execution: {} } };

type Mode = PaymentsDeps["settings"]["mode"];

function order(changes: Readonly<Record<string, unknown>>): PaidOrder {
  const message = readMessage(SIGNED_MESSAGE, SIGNED_HASH);
  return { message, content: readInstance(instanceContent(changes)) };
}

interface World {
  readonly mode: Mode;
  readonly balance?: Partial<Balance>;
  readonly cost?: number | "unknown";
  readonly rate?: number;
}

function payments({ mode, balance, cost, rate }: World): Payments {
  const price: Price | undefined =
    cost === "unknown" ? undefined : { cost: cost ?? 0, type: "hold" };
  return new Payments({
    settings: { mode, receiverAddress: NODE },
    source: {
      balance: async () => ({ tokens: 0, credits: 0, ...balance }),
      price: async () => price,
    },
    streams: rate === undefined ? undefined : { rate: async () => rate },
  });
}

const PAID: readonly (readonly [string, World, Readonly<Record<string, unknown>>])[] = [
  ["nothing is checked", { mode: "none", cost: "unknown" }, {}],
  ["no stream is asked for", { mode: "none" }, { payment: { type: "superfluid" } }],
  ["a ledger's tokens are held", { mode: "local", cost: 2, balance: { tokens: 2 } }, {}],
  ["a secret VM's tokens are held", { mode: "network", cost: 2, balance: { tokens: 3 } }, SECRET],
  [
    "an hour of credits is there",
    { mode: "network", cost: 0.01, balance: { credits: 36 } },
    CREDIT,
  ],
  ["the stream is wide enough", { mode: "local", cost: 0.3, rate: 0.1 + 0.2 - 1e-16 }, STREAM],
];

for (const [what, world, changes] of PAID) {
  test(`payment: in mode ${world.mode} it is enough that ${what}`, async () => {
    await payments(world).check(order(changes), never);
  });
}

const UNPAID: readonly (readonly [World, Readonly<Record<string, unknown>>, string, string])[] = [
  [{ mode: "network" }, {}, "bad request", "400: Invalid payment method"],
  [
    { mode: "local", cost: 1000.5, balance: { tokens: 3 } },
    {},
    "payment required",
    "Insufficient balance for this instance\n\nRequired: 1000.5 token \nCurrent user balance: 3",
  ],
  [
    { mode: "network", cost: 0.01, balance: { credits: 1 } },
    CREDIT,
    "payment required",
    "Insufficient credits for this instance\n\nRequired: 36.00 credits \nCurrent user credits: 1",
  ],
  [
    { mode: "local", rate: 1 },
    { payment: { type: "superfluid", receiver: "0xb" } },
    "bad request",
    "400: Message is not for this instance",
  ],
  [
    { mode: "local", rate: 1 },
    { payment: { type: "superfluid" } },
    "bad request",
    "400: Message is not for this instance",
  ],
  [
    { mode: "local", rate: 0 },
    STREAM,
    "payment required",
    "402: Empty payment stream for this instance",
  ],
  [
    { mode: "local", rate: 0.1, cost: 0.2 },
    STREAM,
    "payment required",
    "Insufficient payment stream for this instance\n\nRequired: 525600 / month (flow = 0.2)\nPresent: 262800 / month (flow = 0.1)",
  ],
  [{ mode: "network" }, STREAM, "unavailable", "503: Payment streams cannot be read by this node"],
  [
    { mode: "local", cost: "unknown" },
    {},
    "unavailable",
    `503: No price is known for the instance ${SIGNED_HASH}`,
  ],
];

for (const [world, changes, kind, words] of UNPAID) {
  test(`payment: in mode ${world.mode} the answer is ${JSON.stringify(words)}`, async () => {
    await assert.rejects(payments(world).check(order(changes), never), (error) => {
      assert.ok(error instanceof Refusal);
      assert.deepEqual([error.kind, error.message], [kind, words]);
      return true;
    });
  });
}

test("payment: what cannot be known is nobody's debt, and who leaves gets his own reason", async () => {
  const source = {
    balance: () => Promise.reject(new Error("no route")),
    price: async (): Promise<Price> => ({ cost: 1, type: "hold" }),
  };
  const settings = { mode: "local", receiverAddress: undefined } as const;
  const checks = new Payments({ settings, source, streams: undefined });
  await assert.rejects(checks.check(order({}), never), (error) => Refusal.is(error, "unavailable"));
  const gone = AbortSignal.abort(new Error("the client left"));
  await assert.rejects(checks.check(order({}), gone), /^Error: the client left$/);
});
