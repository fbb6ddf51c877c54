import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";

import type { RestoreSource } from "#core/aleph/backup/backups.ts";
import type { ExecutionView } from "#core/aleph/execution/view.ts";
import type { SealedSecret, SevInfo } from "#core/aleph/ports/confidential-backend.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import { VM_HASH } from "#testing/aleph-signers.ts";
import { NODE_TOKEN, surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";

import { alephApplication } from "./application.ts";
import type { AlephParts } from "./parts.ts";

const ADMIN = { "x-auth-signature": NODE_TOKEN };
const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const AT = `/control/machine/${VM_HASH}`;
const BOUNDARY = "x-boundary";
const MULTIPART = { ...ADMIN, "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
const INFO: SevInfo = {
  enabled: true,
  apiMajor: 1,
  apiMinor: 55,
  buildId: 24,
  policy: 1,
  state: "launch-secret",
  handle: 1,
};

function part(head: string, body: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
}

function form(...parts: readonly string[]): string {
  return `${parts.join("")}--${BOUNDARY}--\r\n`;
}

interface Order {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly payload?: string;
}

/** @param more parts in place of those that do nothing */
async function ask(
  more: Partial<AlephParts>,
  order: Order,
  view = {},
): Promise<readonly [number, string]> {
  const world = surfaceWorld();
  const app = await alephApplication({ ...world.parts, ...more });
  world.views.set(VM_HASH, aView(VM_HASH, OWNER, view));
  try {
    const { statusCode, body } = await app.inject({ headers: ADMIN, ...order });
    return [statusCode, body];
  } finally {
    await app.close();
  }
}

const HELD = {
  running: false,
  state: "awaiting confidential init",
  awaitingConfidentialInit: true,
  record: {
    ...aView(VM_HASH, OWNER).record,
    confidential: { policy: 1, firmware: undefined, step: "awaiting session", launch: undefined },
  },
} as const;

function findHeld(): ExecutionView {
  return aView(VM_HASH, OWNER, HELD);
}

function findRunning(): ExecutionView {
  return aView(VM_HASH, OWNER);
}

async function failed(): Promise<never> {
  throw new Refusal("failed", "Backup failed: no");
}

const FORMS: readonly (readonly [what: string, payload: string])[] = [
  [
    "as files",
    form(
      part('name="session"; filename="session"', "c2Vzc2lvbg=="),
      part('name="godh"; filename="godh"', "Z29kaA=="),
    ),
  ],
  ["as fields", form(part('name="session"', "c2Vzc2lvbg=="), part('name="godh"', "Z29kaA=="))],
];

for (const [what, payload] of FORMS) {
  test(`Aleph uploads: session and key may come ${what}`, async () => {
    const begun: unknown[] = [];
    const { executions } = surfaceWorld().parts;
    const initialize: typeof executions.initialize = async (hash, launch) => {
      begun.push([hash, launch]);
    };
    const order = {
      method: "POST",
      url: `${AT}/confidential/initialize`,
      headers: MULTIPART,
    } as const;
    const answer = await ask(
      { executions: { ...executions, find: findHeld, initialize } },
      { ...order, payload },
    );
    assert.deepEqual(answer, [200, `Started VM with ref ${VM_HASH}`]);
    assert.deepEqual(begun, [[VM_HASH, { session: "c2Vzc2lvbg==", godh: "Z29kaA==" }]]);
  });
}

const MISSING: readonly (readonly [payload: string, description: string])[] = [
  [form(part('name="godh"', "x")), "Session field is missing"],
  [form(part('name="session"', "x")), "godh field is missing. Please provide a GODH file"],
];

for (const [payload, description] of MISSING) {
  test(`Aleph uploads: ${description}`, async () => {
    const url = `${AT}/confidential/initialize`;
    const answer = await ask({}, { method: "POST", url, headers: MULTIPART, payload }, HELD);
    const body = `{"code": "field_missing", "description": "${description}"}`;
    assert.deepEqual(answer, [400, body]);
  });
}

test("Aleph uploads: a measurement has the names of QMP's answers, and a secret lets the machine run", async () => {
  const injected: SealedSecret[] = [];
  const { executions } = surfaceWorld().parts;
  const confidential: AlephParts["confidential"] = {
    backend: { kind: "simulated", certificates: async () => Uint8Array.of(1, 2, 3) },
    machines: {
      measure: async () => ({ info: INFO, launchMeasure: "bWVhc3VyZQ==" }),
      inject: async (_hash, sealed) => {
        injected.push(sealed);
        return { status: "running", singlestep: false, running: true };
      },
    },
  };
  const measured = await ask(
    { confidential },
    { method: "GET", url: `${AT}/confidential/measurement` },
  );
  assert.deepEqual(measured, [
    200,
    '{"sev_info": {"enabled": true, "api_major": 1, "api_minor": 55, "build_id": 24, "policy": 1, "state": "launch-secret", "handle": 1}, "launch_measure": "bWVhc3VyZQ=="}',
  ]);
  const released: string[] = [];
  const release: typeof executions.released = async (hash) => {
    released.push(hash);
  };
  const answer = await ask(
    { confidential, executions: { ...executions, find: findRunning, released: release } },
    {
      method: "POST",
      url: `${AT}/confidential/inject_secret`,
      payload: '{"packet_header": "aGVhZA==", "secret": "c2VjcmV0"}',
    },
  );
  const ran = '{"status": {"status": "running", "singlestep": false, "running": true}}';
  assert.deepEqual(answer, [200, ran]);
  assert.deepEqual(
    [injected, released],
    [[{ packetHeader: "aGVhZA==", secret: "c2VjcmV0" }], [VM_HASH]],
  );
  const certificates = await ask({ confidential }, { method: "GET", url: "/about/certificates" });
  assert.deepEqual(certificates, [200, "\u0001\u0002\u0003"]);
});

test("Aleph uploads: what does not run is not measured, and a secret that is none is said before the VM is looked for", async () => {
  const stopped = { running: false, state: "stopped" };
  const measured = await ask({}, { method: "GET", url: `${AT}/confidential/measurement` }, stopped);
  assert.deepEqual(measured, [403, '{"error": "Operation not running"}']);
  const url = "/control/machine/nonsense/confidential/inject_secret";
  const broken = await ask({}, { method: "POST", url, payload: "{" });
  assert.deepEqual(broken, [400, '{"error": "Body is not valid JSON"}']);
});

async function restored(headers: Record<string, string>, payload: string) {
  const sources: unknown[] = [];
  const { backups } = surfaceWorld().parts;
  const restore = async (_hash: string, source: RestoreSource) => {
    sources.push(source.kind === "volume" ? source.ref : await text(source.content));
  };
  const order = { method: "POST", url: `${AT}/restore`, headers, payload } as const;
  const answer = await ask({ backups: { ...backups, restore } }, order);
  return [...answer, ...sources];
}

test("Aleph uploads: a disk comes back as a file or by its name", async () => {
  const words = `{"status": "restored", "vm_hash": "${VM_HASH}"}`;
  const disk = "QFI\u00fb".repeat(50_000);
  const parts = [part('name="note"', "x"), part('name="rootfs"; filename="rootfs.qcow2"', disk)];
  assert.deepEqual(await restored(MULTIPART, form(...parts)), [200, words, disk]);
  const json = { ...ADMIN, "content-type": "application/json" };
  const ref = "ab".repeat(32);
  assert.deepEqual(await restored(json, `{"volume_ref": "${ref}"}`), [200, words, ref]);
});

const NO_DISKS: readonly (readonly [type: string, payload: string, words: string])[] = [
  ["application/json", "{}", "Missing volume_ref in JSON body"],
  ["application/json", '{"volume_ref": "zz"}', "Invalid volume_ref format"],
  ["text/plain", "hello", "Expected multipart upload or JSON with volume_ref"],
  [
    MULTIPART["content-type"],
    form(part('name="other"; filename="x"', "x")),
    "Missing 'rootfs' field in multipart upload",
  ],
];

for (const [type, payload, words] of NO_DISKS) {
  test(`Aleph uploads: no disk: ${words}`, async () => {
    const answer = await restored({ ...ADMIN, "content-type": type }, payload);
    assert.deepEqual(answer, [400, `{"error": "${words}"}`]);
  });
}

test("Aleph uploads: a backup under way is 202, what became of it is told, and its failure is plain", async () => {
  const { backups } = surfaceWorld().parts;
  const url = `${AT}/backup`;
  const asked: unknown[] = [];
  const create: typeof backups.create = async (_hash, order) => {
    asked.push(order);
    return { kind: "in progress" };
  };
  const begun = await ask(
    { backups: { ...backups, create } },
    { method: "POST", url: `${url}?include_volumes=true&skip_fsfreeze=true` },
  );
  assert.deepEqual(begun, [202, '{"status": "in_progress"}']);
  assert.deepEqual(asked, [{ volumes: true, freeze: false }]);
  const told = await ask({ backups: { ...backups, state: failed } }, { method: "GET", url });
  assert.deepEqual(told, [500, "Backup failed: no"]);
});

test("Aleph uploads: a link that nobody signed opens nothing", async () => {
  const url = `${AT}/backup/${VM_HASH}-x`;
  const without = await ask({}, { method: "GET", url });
  assert.deepEqual(without, [403, '{"error": "Missing signature or expires parameter"}']);
  const wrong = await ask({}, { method: "GET", url: `${url}?signature=ab&expires=9999999999` });
  assert.deepEqual(wrong, [403, '{"error": "Invalid signature"}']);
});
