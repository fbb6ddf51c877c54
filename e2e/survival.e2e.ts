/**
 * What a guest has written is what it reads, in memory and on the disk, whatever is done to it meanwhile: suspended and
 * restored, forked while it runs, committed and forked from that. A program goes on writing all the time.
 */

import assert from "node:assert/strict";

import { sh } from "./harness/exec.ts";
import { forkVm } from "./harness/forks.ts";
import { asObjects, textIn } from "./harness/json-value.ts";
import { assertSound, layersOf } from "./harness/sound-disks.ts";
import { suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const MIB = 1024 * 1024;

/** each kind of round so often, in turns */
const SUSPENDS = 8;
const FORKS = 8;
const COMMITS = 4;
const KEPT = 3;

/** how many files the program keeps in each place, and how large they are, in bytes */
const FILES = 12;
const FILE_BYTES = 65_536;

/** Fixed data on the disk, once. */
const FILL_DISK = `
  mkdir -p /root/written
  head -c ${6 * MIB} /dev/urandom > /root/fixed && sha256sum /root/fixed > /root/fixed.sum
`;

/**
 * Fixed data in memory, and the program: files named by the checksum of what is in them, one after the other, on the
 * disk and in memory. Only the newest are kept.
 */
const BEGIN = `
  mkdir -p /run/kept && mount -t tmpfs none /run/kept && mkdir /run/kept/written
  head -c ${6 * MIB} /dev/urandom > /run/kept/fixed && sha256sum /run/kept/fixed > /run/kept/fixed.sum
  cat > /run/kept/write <<'END'
round=0
rm -f /root/written/*
while :; do
  round=$((round + 1))
  for place in /root /run/kept; do
    head -c ${FILE_BYTES} /dev/urandom > $place/new
    sum=$(sha256sum < $place/new)
    mv $place/new $place/written/\${sum%% *}
    set -- "$@" $place/written/\${sum%% *}
  done
  if [ $# -gt ${2 * FILES} ]; then rm "$1" "$2"; shift 2; fi
  [ $((round % 16)) -ne 0 ] || sync
  echo $round > /run/kept/round.new && mv /run/kept/round.new /run/kept/round
  sleep 0.02
done
END
  setsid sh /run/kept/write > /dev/null 2>&1 < /dev/null &
`;

/** Says which files are not what was written; one that goes while it is looked for is none of them. */
function checkOf(places: string): string {
  return `
    for place in ${places}; do
      cd $place/written
      sha256sum * 2> /dev/null | while read sum name; do
        [ "$sum" = "$name" ] || echo "$place: $name has $sum"
      done
      sha256sum -c --status $place/fixed.sum || echo "$place/fixed is not what was written"
    done
    dmesg | grep -iE 'ext4.*error|I/O error' || true
  `;
}

suite("survival", {}, (host, story) => {
  const post = async (path: string, ask = {}) => {
    const answer = await host.api.post(path, ask);
    assert.equal(answer.status, 200, answer.text);
    return answer;
  };
  const wait = { wait: "agent", timeout: "60s" };
  const roundOf = async (vm: string) => Number(await sh(host.api, vm, "cat /run/kept/round"));

  /** all that was ever written is there, and the program goes on */
  async function assertWhole(vm: string): Promise<void> {
    assert.equal(await sh(host.api, vm, checkOf("/root /run/kept")), "");
    const round = await roundOf(vm);
    await until(`${vm} goes on writing`, async () => (await roundOf(vm)) > round);
  }

  async function suspendAndRestore(vm: string): Promise<void> {
    await post(`/vm/${vm}/suspend`);
    await post(`/vm/${vm}/restore`, { query: wait });
    await assertWhole(vm);
  }

  async function forkLive(vm: string): Promise<void> {
    const { hostnames } = await forkVm(host.api, vm);
    for (const it of [vm, ...hostnames]) await assertWhole(it);
    for (const child of hostnames) {
      await powerOff(child);
      await keepOrDelete(child);
    }
  }

  async function powerOff(vm: string): Promise<void> {
    await post(`/vm/${vm}/shutdown`);
    await host.untilStatus(vm, "Stopped");
  }

  /** disks of children that are looked at with all others in the end */
  const kept = new Set<string>();
  async function keepOrDelete(child: string): Promise<void> {
    if (kept.size < KEPT) kept.add(child);
    else await host.deleteVm(child);
  }

  async function commitAndFork(vm: string): Promise<void> {
    await powerOff(vm);
    const made = await post(`/vm/${vm}/commit`);
    const commit = textIn(made.json, "commit_id");
    const forked = await post(`/vm/commits/${commit}/fork`, { query: wait, json: {} });
    const child = textIn(forked.json, "hostname");
    assert.equal(await sh(host.api, child, checkOf("/root")), "");
    await powerOff(child);
    await keepOrDelete(child);
    await post(`/vm/${vm}/relaunch`);
    await until(`${vm} answers`, async () => {
      return (await host.api.get(`/vm/${vm}/health`)).status === 200;
    });
    assert.equal(await sh(host.api, vm, checkOf("/root")), "");
    await sh(host.api, vm, BEGIN);
    await until(`${vm} writes`, async () =>
      (await sh(host.api, vm, "ls /run/kept")).includes("round"),
    );
  }

  story(`${SUSPENDS + FORKS + COMMITS} rounds cost no byte`, async () => {
    const vm = await host.createVm({ persistent: true });
    await sh(host.api, vm, FILL_DISK);
    await sh(host.api, vm, BEGIN);
    await until(`${vm} writes`, async () =>
      (await sh(host.api, vm, "ls /run/kept")).includes("round"),
    );
    for (let round = 0; round < COMMITS; round += 1) {
      for (let part = 0; part < SUSPENDS / COMMITS; part += 1) await suspendAndRestore(vm);
      for (let part = 0; part < FORKS / COMMITS; part += 1) await forkLive(vm);
      await commitAndFork(vm);
    }
    await powerOff(vm);
    assert.equal(kept.size, KEPT);
    await assertSound(host.dirs);
    for (const it of [vm, ...kept]) await host.deleteVm(it);
    for (const commit of asObjects((await host.api.get("/vm/commits")).json)) {
      await host.api.delete(`/vm/commits/${textIn(commit, "commit_id")}`);
    }
    assert.deepEqual(layersOf(host.dirs), []);
  });
});
