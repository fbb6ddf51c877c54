/** Programs in the background of a real guest: contract B8. */

import assert from "node:assert/strict";
import { before } from "node:test";

import { Background, framesOf } from "./harness/background.ts";
import { exec, sh } from "./harness/exec.ts";
import { asObject, asObjects, assertTime, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";
import { inTime, until } from "./harness/until.ts";

const MIB = 1024 * 1024;
const AGENT_BACK_MS = 15_000;

suite("background", {}, (host, story) => {
  let vm = "";
  let programs: Background;
  before(async () => {
    vm = await host.createVm();
    programs = new Background(host.api, vm);
  });
  const runs = async (pid: unknown) =>
    (await sh(host.api, vm, `test -d /proc/${String(pid)} && echo yes || true`)) === "yes";

  const sleepers = () => sh(host.api, vm, "pgrep -fc '^sleep 4831$' || true");

  story("started as the default user without a shell, described, waited for, reaped", async () => {
    const id = await programs.start({ cmd: "sleep", args: ["0.5"], cwd: "/usr" });
    const info = await programs.info(id);
    assert.deepEqual(
      [info["command"], info["args"], info["cwd"], info["uid"], info["running"]],
      ["sleep", ["0.5"], "/usr", 1000, true],
    );
    assert.equal(info["ring_bytes"], MIB);
    assert.ok(!("exit_code" in info) && !("ended_at" in info));
    assert.deepEqual(
      (await programs.list()).map((one) => one["exec_id"]),
      [id],
    );
    assert.equal(await programs.status(id, "DELETE"), 409);
    const end = await programs.wait(id);
    assertTime(end["ended_at"]);
    assert.deepEqual([end["exit_code"], end["running"], end["timed_out"]], [0, false, false]);
    await programs.reap(id);
    for (const [method, rest] of [
      ["GET", ""],
      ["DELETE", ""],
      ["GET", "/logs"],
      ["POST", "/kill"],
      ["GET", "/wait-exit"],
    ] as const) {
      assert.equal(await programs.status(id, method, rest), 410, `${method} ${rest}`);
    }
    assert.equal(await programs.status("ex_never"), 404);
    assert.deepEqual(await programs.list(), []);
  });

  story("who runs it, where, by which shell, with what environment", async () => {
    const line = 'echo "$(id -u):$PWD:$A:$0"';
    for (const [query, wanted] of [
      [{ cmd: line, shell: "/bin/bash", env: ["A=1", "A=2"] }, "1000:/home/alcove:2:/bin/bash\n"],
      [{ cmd: line, shell: "/bin/sh", uid: 0, cwd: "/tmp" }, "0:/tmp::/bin/sh\n"],
      [{ cmd: "printf", args: ["%s|", "a b", "$HOME"], shell: "" }, "a b|$HOME|"],
      [{ cmd: "id", args: ["-u"], uid: 4_294_967_295 }, "1000\n"],
    ] as const) {
      const id = await programs.start(query);
      const said = (await programs.logs(id, { follow: true })).map(({ stdout }) => stdout).join("");
      assert.equal(said, wanted);
      await programs.reap(id);
    }
    for (const [query, status] of [
      [{ cmd: "echo $HOME" }, 400],
      [{ cmd: "true", cwd: "/no/such" }, 400],
      [{ cmd: "true", stdin: true }, 400],
      [{ cmd: "true", buffered: true }, 400],
      [{ cmd: "true", ring_bytes: -1 }, 400],
      [{ cmd: "true", ring_bytes: 257 * MIB }, 503],
    ] as const) {
      const answer = await host.api.post(`/vm/${vm}/exec`, {
        query: { background: true, ...query },
      });
      assert.equal(answer.status, status, `${JSON.stringify(query)}: ${answer.text}`);
    }
  });

  story("logs: what was, then what comes, with ids that a reader can go on from", async () => {
    const id = await programs.sh(
      "printf '\\000\\377one'; until test -e /run/go; do sleep 0.05; done; echo two >&2; exit 3",
      { stdio: "base64" },
    );
    const follower = framesOf(await programs.follow(id, { follow: true }));
    const started = (await follower.next()).value;
    assert.deepEqual([started?.id, started?.type], [1, "started"]);
    const first = (await follower.next()).value;
    assert.deepEqual([first?.id, first?.stdout], [2, "\u0000\u00ffone"]);
    assert.deepEqual(
      (await programs.logs(id)).map(({ type }) => type),
      ["started", "stdout"],
    );
    const later = programs.logs(id, { follow: true, from_id: 4 });
    await sh(host.api, vm, "touch /run/go");
    const rest = await Array.fromAsync(follower);
    assert.deepEqual(
      rest.map(({ id: number, type, stderr }) => [number, type, stderr]),
      [
        [3, "stderr", "two\n"],
        [4, "exit", ""],
      ],
    );
    assert.equal(rest.at(-1)?.fields["exit_code"], 3);
    assert.deepEqual(await inTime("the later reader", later), [rest.at(-1)]);
    await programs.reap(id);
  });

  story("a ring that is too small keeps the newest whole frames and one gap", async () => {
    const id = await programs.sh("seq 1 200000", { ring_bytes: 64 * 1024 });
    await programs.wait(id);
    const info = await programs.info(id);
    const [gap, ...rest] = await programs.logs(id, { from_id: 1 });
    assert.equal(gap?.type, "gap");
    assert.equal(gap.fields["dropped_bytes"], info["bytes_dropped"]);
    assert.equal(gap.fields["dropped_frames"], gap.id);
    assert.ok(textIn(gap.fields, "message"));
    assert.deepEqual(
      rest.map((frame) => frame.id),
      rest.map((_, index) => gap.id + 1 + index),
    );
    assert.equal(info["next_id"], (rest.at(-1)?.id ?? 0) + 1);
    const kept = rest.map(({ stdout }) => stdout).join("");
    assert.ok(kept.endsWith("\n199999\n200000\n"));
    assert.equal(Number(info["bytes_written"]) - Number(info["bytes_dropped"]), kept.length);
    await programs.reap(id);
  });

  story("a client that leaves ends nothing, and costs nothing", async () => {
    const id = await programs.sh("while :; do echo x; sleep 0.05; done");
    for (let at = 0; at < 20; at++) (await programs.follow(id, { follow: true })).destroy();
    await until("the agent has no reader left", async () => {
      const described = asObject((await host.api.get(`/vm/${vm}`)).json);
      return described["open_agent_connections"] === 0;
    });
    assert.equal((await programs.info(id))["running"], true);
    const described = asObject((await host.api.get(`/vm/${vm}`)).json);
    assertTime(described["last_agent_call"]);
    const [one] = asObjects(described["bg_execs"]);
    assert.deepEqual([one?.["exec_id"], one?.["state"]], [id, "running"]);
    assertTime(asObject(await host.node(vm))["last_agent_call"]);
    const waited = await programs.wait(id, 1);
    assert.deepEqual([waited["running"], waited["timed_out"]], [true, true]);
    assert.match(textIn(await programs.kill(id), "signal_sent"), /TERM/);
    assert.equal((await programs.wait(id))["signal"], "TERM");
    await programs.reap(id);
  });

  story("kill: the whole group, the signal that was asked for, KILL after the grace", async () => {
    const group = await programs.sh("sleep 4831 & sleep 4831 & wait");
    await until("both sleep", async () => (await sleepers()) === "2");
    await programs.kill(group, { signal: "SIGKILL" });
    await until("both are gone", async () => (await sleepers()) === "0");
    const stubborn = await programs.sh("trap '' TERM; echo up; while :; do sleep 0.05; done");
    await until("it traps", async () => (await programs.info(stubborn))["bytes_written"] === 3);
    await programs.kill(stubborn, { grace_ms: 300 });
    const end = await programs.wait(stubborn);
    assert.deepEqual([end["signal"], end["exit_code"]], ["KILL", 137]);
    const again = await programs.kill(stubborn);
    assert.equal(again["running"], false);
    const polite = await programs.sh("trap 'exit 5' USR1; echo up; while :; do sleep 0.05; done");
    await until("it traps", async () => (await programs.info(polite))["bytes_written"] === 3);
    await programs.kill(polite, { signal: "USR1" });
    assert.equal((await programs.wait(polite))["exit_code"], 5);
    for (const id of [group, stubborn, polite]) await programs.reap(id);
  });

  story("a daemon that is killed ends no program; the next one has them all", async () => {
    const script = "echo before; until test -e /run/after; do sleep 0.05; done; echo after; exit 9";
    const id = await programs.sh(script, { stdio: "base64" });
    const ended = await programs.sh("echo done");
    await programs.wait(ended);
    const { pid } = await programs.info(id);
    await host.daemon.kill();
    await host.start();
    programs = new Background(host.api, vm);
    assert.deepEqual(
      (await programs.list()).map((one) => [one["exec_id"], one["running"]]),
      [
        [id, true],
        [ended, false],
      ],
    );
    assert.ok(await runs(pid));
    const waiting = programs.wait(id);
    await sh(host.api, vm, "touch /run/after");
    assert.equal((await waiting)["exit_code"], 9);
    const said = (await programs.logs(id)).map(({ stdout }) => stdout).join("");
    assert.equal(said, "before\nafter\n");
    for (const one of [id, ended]) await programs.reap(one);
  });

  story("a paused VM refuses, and what ran goes on afterwards", async () => {
    const id = await programs.sh("sleep 600");
    await host.api.post(`/vm/${vm}/pause`);
    assert.equal(await programs.status(id), 409);
    const described = asObject((await host.api.get(`/vm/${vm}`)).json);
    assert.ok(!("bg_execs" in described), "nobody can know");
    await host.api.post(`/vm/${vm}/resume`);
    assert.equal((await programs.info(id))["running"], true);
    await programs.kill(id, { signal: "KILL" });
    await programs.wait(id);
    await programs.reap(id);
  });

  story("a suspended VM has them again when it is restored", async () => {
    const id = await programs.sh("echo before; sleep 2; echo after; sleep 600");
    assert.equal((await host.api.post(`/vm/${vm}/suspend`)).status, 200);
    assert.equal(await programs.status(id), 409);
    const restored = await host.api.post(`/vm/${vm}/restore`, { query: { wait: "agent" } });
    assert.equal(restored.status, 200, restored.text);
    await until("it has gone on", async () => {
      const said = (await programs.logs(id)).map(({ stdout }) => stdout).join("");
      return said === "before\nafter\n";
    });
    await programs.kill(id, { signal: "KILL" });
    await programs.wait(id);
    await programs.reap(id);
  });

  story("what nobody reaps is bounded; the agent's memory too", async () => {
    const rings = await Promise.all(
      Array.from({ length: 4 }, () =>
        programs.sh("yes | head -c 20000000", { ring_bytes: 8 * MIB, stdio: "base64" }),
      ),
    );
    for (const id of rings) await programs.wait(id);
    const refused = await host.api.post(`/vm/${vm}/exec`, {
      query: { background: true, cmd: "true", ring_bytes: 40 * MIB },
    });
    assert.equal(refused.status, 503, "a guest of 256 MiB has 64 MiB for rings");
    const rss = "awk '/^VmRSS/ { print $2 }' /proc/$(pgrep -f '^alcove-agent agent')/status";
    const residentKib = Number(await sh(host.api, vm, rss));
    assert.ok(residentKib > 0 && residentKib < 48 * 1024, `${residentKib} KiB`);
    for (const id of rings) await programs.reap(id);
  });

  story("programs die with the agent, and their ids with them", async () => {
    const id = await programs.sh("sleep 4832");
    const { pid } = await programs.info(id);
    const following = Array.fromAsync(framesOf(await programs.follow(id, { follow: true })));
    const cut = assert.rejects(following, "an answer that is not whole must not end well");
    const kill = { cmd: "pkill -KILL -f '^alcove-agent agent'", shell: "/bin/sh" };
    await exec(host.api, vm, kill).catch(() => undefined); // its answer dies with it
    await until(
      "the agent is back",
      async () => (await programs.status(id)) === 404,
      AGENT_BACK_MS,
    );
    await inTime("the follower's end", cut);
    assert.ok(!(await runs(pid)));
    assert.deepEqual(await programs.list(), []);
    await host.deleteVm(vm);
  });
});
