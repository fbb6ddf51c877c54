/**
 * Takes the pictures of the console that README.md shows, of real VMs at work:
 *
 *     node e2e/pictures.ts [minutes of history, default 10] [overview vm terminal]
 *
 * Nothing of the machine it runs on is in them but what its processor and kernel are.
 */

import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Background } from "./harness/background.ts";
import { Browser } from "./harness/browser.ts";
import { originOf } from "./harness/browser-suite.ts";
import type { Visit } from "./harness/browser-visit.ts";
import { ROOT } from "./harness/can-run.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { TestHost } from "./harness/test-host.ts";

const DIRECTORY = path.join(ROOT, "docs/pictures");
const MINUTE_MS = 60_000;
const DEFAULT_MINUTES = 10;
const MAX_BYTES = 200_000;
const HEIGHT = 820;
const WIDTH = 1440;
/** for whatever moved last */
const SETTLE_MS = 4_000;
/** for a command in a guest that is at work */
const LOOK_MS = 3_000;
/** in place of the name of the machine that this runs on */
const NAME = "lighthouse";

const GROUPS = `config:
  api:
    port: 0
    auth:
      enabled: true
  host_groups:
    - { name: web, count: 0, vcpu: 1, ram_mb: 384 }
    - { name: agents, count: 0, vcpu: 2, ram_mb: 768 }
    - { name: ci, count: 0, vcpu: 2, ram_mb: 512 }
`;

interface Guest {
  readonly group: string;
  readonly tags: readonly string[];
}

const GUESTS: readonly Guest[] = [
  { group: "web", tags: ["name=blog", "public"] },
  { group: "web", tags: ["name=status", "public"] },
  { group: "agents", tags: ["name=review", "team=platform"] },
  { group: "agents", tags: ["name=triage", "team=support"] },
  { group: "ci", tags: ["name=build-linux", "branch=main", "commit=4f1c2ab"] },
  { group: "ci", tags: ["name=notebook", "owner=ada"] },
];
/** whose page and terminal are shown */
const SHOWN = "ci-1";

/** Comes and goes as a build does: compresses, writes, rests, and tells somebody about it. */
const BUILD = `cd /var/tmp; i=0
while :; do
  i=$((i + 1))
  dd if=/dev/urandom bs=64k count=$((4 + i * 7 % 19)) status=none | gzip -6 > part-$((i % 9)).gz
  [ $((i % 4)) = 0 ] && cat part-*.gz | sha256sum > sums && sync
  head -c $((2000 + i * 911 % 30000)) /dev/urandom > /dev/shm/cache-$((i % 6))
  for n in $(seq $((i * 3 % 7))); do head -c 1200 /dev/urandom > /dev/udp/198.51.100.7/9; done
  [ $((i % 11)) = 0 ] && head -c 24000000 /dev/urandom > /dev/shm/objects && sleep 20 && rm /dev/shm/objects
  sleep $((3 + i * 5 % 6))
done`;
const SERVE = `while :; do seq 20000 | sha256sum > /dev/null; sleep 7; done`;

const host = new TestHost({ ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" });
const minutes = Number(process.argv[2] ?? DEFAULT_MINUTES);
const wanted = process.argv.slice(3);
assert.ok(minutes > 0, `minutes of history: a number above 0, not ${process.argv[2]}`);

async function furnish(): Promise<void> {
  for (const name of ["GITHUB_TOKEN", "REGISTRY_PASSWORD"]) {
    const made = await host.api.post("/secrets", { json: { name, data: "eA==" } });
    assert.equal(made.status, 201, made.text);
  }
  for (const { group, ...json } of GUESTS) {
    const query = { wait: "agent", timeout: "2m0s" };
    const made = await host.api.post(`/hostgroup/${group}/nodes`, { query, json });
    assert.equal(made.status, 201, made.text);
    const script = group === "ci" ? BUILD : SERVE;
    await new Background(host.api, textIn(made.json, "hostname")).sh(script, {
      shell: "/bin/bash",
    });
  }
  const suspended = await host.api.post("/vm/agents-2/suspend");
  assert.equal(suspended.status, 200, suspended.text);
}

/** the VMs are at work beside the browser */
const PATIENCE_MS = 90_000;

/** Tells pages another name than the host's. */
async function rename(visit: Visit): Promise<void> {
  await visit.page.route("**/v1/host", async (route) => {
    const answer = await route.fetch();
    const state = asObject(await answer.json());
    await route.fulfill({ response: answer, json: { ...state, hostname: NAME } });
  });
  visit.context.setDefaultTimeout(PATIENCE_MS);
  await visit.page.setViewportSize({ width: WIDTH, height: HEIGHT });
}

async function take(visit: Visit, name: string): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  await sleep(SETTLE_MS);
  const file = path.join(DIRECTORY, `console-${name}.png`);
  await visit.page.screenshot({ path: file, animations: "disabled", caret: "hide" });
  const { size } = statSync(file);
  assert.ok(size <= MAX_BYTES, `${file} has ${size} bytes, more than ${MAX_BYTES}`);
  process.stdout.write(`${file}: ${size} bytes\n`);
}

async function takeAll(browser: Browser): Promise<void> {
  const token = host.api.token ?? "";
  const light = await browser.visit(originOf(host), { theme: "light" });
  await rename(light);
  await light.signIn(token);
  await light.open("/");
  await take(light, "overview");
  const dark = await browser.visit(originOf(host), { theme: "dark" });
  await rename(dark);
  await dark.signIn(token);
  await dark.open(`/vms/${SHOWN}`);
  await take(dark, "vm");
  await dark.open(`/vms/${SHOWN}/terminal`);
  await dark.page.getByRole("button", { name: "Open a terminal" }).click();
  await dark.page.getByText("Connected", { exact: true }).waitFor();
  for (const line of ["uname -srm", "df -h / /dev/shm", "ls --color -l /", "top -b -i -n 1 -d 3"]) {
    await dark.page.keyboard.type(`${line}\n`);
    await sleep(LOOK_MS);
  }
  await take(dark, "terminal");
}

mkdirSync(DIRECTORY, { recursive: true });
try {
  await host.open();
  const file = path.join(host.dirs.scratch, "slicer.yaml");
  writeFileSync(file, GROUPS);
  await host.daemon.stop();
  await host.start({ ALCOVE_CONFIG: file, ALCOVE_LISTEN_PORT: "", ALCOVE_TEMPLATES: "on" });
  await furnish();
  process.stdout.write(`The VMs are there; pictures are taken in ${minutes} minutes.\n`);
  await sleep(minutes * MINUTE_MS);
  const browser = await Browser.open();
  try {
    await takeAll(browser);
  } finally {
    await browser.close();
  }
} finally {
  await host.close();
}
