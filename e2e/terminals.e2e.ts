/** Terminals of a real guest that outlive who works at them. */

import assert from "node:assert/strict";
import { before } from "node:test";

import { exec, sh } from "./harness/exec.ts";
import { forkVm } from "./harness/forks.ts";
import { asObjects, textIn } from "./harness/json-value.ts";
import { LastingTerminal, terminalsOf } from "./harness/lasting-terminal.ts";
import { suite } from "./harness/test-host.ts";
import { inTime, until } from "./harness/until.ts";

const MIB = 1024 * 1024;
/** what the guest keeps of a terminal, bytes */
const RING_BYTES = 256 * 1024;
const AGENT_BACK_MS = 15_000;
const SIZE = { cols: 80, rows: 24 };

suite("terminals", {}, (host, story) => {
  let vm = "";
  before(async () => {
    vm = await host.createVm();
  });
  const terminals = () => terminalsOf(host.api, vm);
  const attach = (id: string, hostname = vm) => LastingTerminal.attach(host.api, hostname, id);
  const opened = async (more: object = {}) => (await terminals().open({ size: SIZE, ...more })).id;

  story("a login shell of the default user; what one types all see", async () => {
    const id = await opened();
    using one = await attach(id);
    using other = await attach(id);
    await one.type('echo "$(id -un):$PWD:$TERM:$0"\r');
    for (const it of [one, other]) await it.shows(/alcove:\/home\/alcove:xterm-256color:-\w*sh/);
    await other.type("echo $((40 + 2))\r");
    await one.shows(/[\r\n]42\r\n/);
    const [listed] = await terminals().list();
    assert.deepEqual([listed?.id, listed?.uid, listed?.exited], [id, 1000, false]);
    await terminals().delete(id);
    assert.equal(await one.over, undefined);
    assert.equal(one.notices.at(-1)?.type, "exit");
    assert.deepEqual(await terminals().list(), []);
  });

  story("its size is what was said last, and programs are told", async () => {
    const id = await opened({ uid: 0, shell: "/bin/sh", cwd: "/tmp" });
    using it = await attach(id);
    await it.type("stty size; pwd\r");
    await it.shows(/24 80\r\n\/tmp\r\n/);
    await it.type("trap 'stty size' WINCH; echo re''ady\r");
    await it.shows("ready");
    it.session.resize({ cols: 101, rows: 37 });
    await it.type("\r");
    await it.shows("37 101\r\n");
    await terminals().delete(id);
  });

  story("an interrupt reaches what runs; the shell goes on, and its end has its code", async () => {
    const id = await opened();
    using it = await attach(id);
    await it.type("sleep 4871\r");
    await until(
      "it sleeps",
      async () => (await sh(host.api, vm, "pgrep -fc '^sleep 4871' || true")) === "1",
    );
    await it.type("\u0003");
    await it.type("exit 7\r");
    assert.equal(await inTime("the end", it.over), undefined);
    assert.deepEqual(it.notices.at(-1), { type: "exit", code: 7 });
    using late = await attach(id);
    assert.equal(await inTime("the end", late.over), undefined);
    assert.match(late.said, /sleep 4871/);
    assert.deepEqual(late.notices, [{ type: "live" }, { type: "exit", code: 7 }]);
    const [listed] = await terminals().list();
    assert.deepEqual([listed?.exited, listed?.exitCode], [true, 7]);
    await terminals().delete(id);
    await assert.rejects(terminals().delete(id), { status: 410 });
    await assert.rejects(attach(id), { status: 410 });
  });

  story(
    "a daemon that is killed in the middle: the next one's clients have everything",
    async () => {
      const id = await opened({ uid: 0, shell: "/bin/sh" });
      const cut = await attach(id);
      await cut.type(
        "for i in $(seq 1 400); do echo line $i.; sleep 0.01; done; echo all\\ said\r",
      );
      await cut.shows("line 20.");
      await host.daemon.kill();
      assert.ok((await inTime("the break", cut.over)) instanceof Error);
      await host.start();
      using again = await attach(id);
      await again.shows("all said\r\n");
      const numbers = [...again.said.matchAll(/line (\d+)\./g)].map(([, digits]) => Number(digits));
      assert.deepEqual(
        numbers.filter((number) => !Number.isNaN(number)),
        Array.from({ length: 400 }, (_, index) => index + 1),
      );
      assert.ok(again.notices.every(({ type }) => type === "live"));
      await again.type("echo still $((1 + 1))\r");
      await again.shows("still 2\r\n");
      await terminals().delete(id);
    },
  );

  story(
    "8 MiB while nobody looks: nothing waits, the newest is kept, and a gap is told",
    async () => {
      const id = await opened({ uid: 0, shell: "/bin/sh" });
      {
        using it = await attach(id);
        await it.type(
          "head -c 8388608 /dev/zero | tr '\\0' x | fold -w 64; touch /tmp/done; echo e''nd\r",
        );
      }
      await until(
        "it is written",
        async () => (await sh(host.api, vm, "test -e /tmp/done && echo yes || true")) === "yes",
      );
      const rss = "awk '/^VmRSS/ { print $2 }' /proc/$(pgrep -f '^alcove-agent agent')/status";
      assert.ok(Number(await sh(host.api, vm, rss)) < 16 * 1024);
      using it = await attach(id);
      await it.shows("end\r\n");
      assert.equal(it.notices[0]?.type, "gap");
      assert.ok(
        it.said.length <= RING_BYTES && it.said.length > RING_BYTES / 2,
        `${it.said.length}`,
      );
      await terminals().delete(id);
    },
  );

  story("one who does not read holds nobody up", async () => {
    const id = await opened({ uid: 0, shell: "/bin/sh" });
    const slow = await terminals().attach(id);
    using quick = await attach(id);
    await quick.type("head -c 4194304 /dev/zero | tr '\\0' y | fold -w 64; echo e''nd\r");
    await quick.shows("end\r\n");
    await terminals().delete(id);
    assert.ok(quick.said.length > MIB / 8);
    let last = "";
    for await (const event of slow.events()) last = event.type;
    assert.equal(last, "exit");
  });

  story("what is pasted arrives whole, however slowly it is read", async () => {
    const id = await opened({ uid: 0, shell: "/bin/sh" });
    using it = await attach(id);
    await it.type("stty raw -echo; echo re''ady; sleep 1; head -c 1000000 | cksum; stty sane\r");
    await it.shows("ready");
    await it.type("0123456789".repeat(100_000));
    await it.shows(/\d+ 1000000/);
    const wanted = await sh(host.api, vm, "yes 0123456789 | head -n 100000 | tr -d '\\n' | cksum");
    assert.ok(it.said.includes(wanted.trim()), it.said);
    await terminals().delete(id);
  });

  story(
    "what a client may not say ends its connection; orders that cannot be are refused",
    async () => {
      const id = await opened();
      using it = await attach(id);
      it.session.resize({ cols: 0, rows: 5_000 });
      assert.ok((await inTime("the end", it.over)) instanceof Error);
      assert.equal(await it.session.closed, 1008);
      for (const wrong of [{ cwd: "/no/such" }, { size: { cols: 0, rows: 1 } }]) {
        await assert.rejects(terminals().open(wrong), { status: 400 });
      }
      await assert.rejects(attach("ex_0"), { status: 404 });
      await assert.rejects(attach(id, "sbox-99"), { status: 404 });
      const background = asObjects((await host.api.get(`/vm/${vm}/exec`)).json);
      assert.deepEqual(background, []);
      await terminals().delete(id);
    },
  );

  story("a suspended VM has them again, and a fork has them too, each by itself", async () => {
    const id = await opened({ uid: 0, shell: "/bin/sh" });
    {
      using it = await attach(id);
      await it.type("X=kept; echo re''ady\r");
      await it.shows("ready");
      assert.equal((await host.api.post(`/vm/${vm}/suspend`)).status, 200);
      assert.ok((await inTime("the break", it.over)) instanceof Error);
      const restored = await host.api.post(`/vm/${vm}/restore`, { query: { wait: "agent" } });
      assert.equal(restored.status, 200, restored.text);
    }
    const { hostnames } = await forkVm(host.api, vm);
    const [child = ""] = hostnames;
    const [inChild] = await terminalsOf(host.api, child).list();
    assert.equal(inChild?.id, id);
    using there = await attach(id, child);
    using here = await attach(id);
    await there.type("echo $X in $(hostname)\r");
    await there.shows(`kept in ${child}`);
    await here.type("echo $X in $(hostname)\r");
    await here.shows(`kept in ${vm}`);
    assert.ok(!here.said.includes(child));
    await host.deleteVm(child);
    assert.ok((await inTime("the child's end", there.over)) instanceof Error);
    await terminals().delete(id);
  });

  story("a reboot of the agent ends them, and they are not there any more", async () => {
    const id = await opened();
    using it = await attach(id);
    await it.isLive();
    const kill = { cmd: "pkill -KILL -f '^alcove-agent agent'", shell: "/bin/sh" };
    await exec(host.api, vm, kill).catch(() => undefined); // its answer dies with it
    assert.ok((await inTime("the break", it.over)) instanceof Error);
    const gone = async () => (await host.api.get(`/v1/vms/${vm}/terminals`)).text === "[]";
    await until("the agent is back", gone, AGENT_BACK_MS);
    assert.equal(
      textIn((await host.api.delete(`/v1/vms/${vm}/terminals/${id}`)).json, "code"),
      "guest_refused",
    );
  });
});
