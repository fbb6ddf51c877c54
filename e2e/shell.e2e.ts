/**
 * A terminal over a raw RFC 6455 client that offers nothing: contract A15.
 *
 * E2E_SHELL_IDLE_S says for how many seconds a session is left alone; 600 is worth a try by hand.
 */

import assert from "node:assert/strict";
import { before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { sh } from "./harness/exec.ts";
import { refusalOf, Terminal } from "./harness/terminal.ts";
import { suite } from "./harness/test-host.ts";
import { until, untilStill } from "./harness/until.ts";

const MIB = 1024 * 1024;
const IDLE_MS = Number(process.env["E2E_SHELL_IDLE_S"] ?? 5) * 1_000;

suite("shell", {}, (host, story) => {
  let vm = "";
  before(async () => {
    vm = await host.createVm();
  });
  const open = (query = "") => Terminal.open(host.api, `/vm/${vm}/shell${query}`);

  story(
    "no extension and no subprotocol in the answer; the default user's login shell",
    async () => {
      await using terminal = await open();
      assert.equal(terminal.extensions, "");
      assert.equal(terminal.protocol, "");
      terminal.type("echo $((20 + 22)):$(id -un):$TERM:$PWD:$0\n");
      await terminal.untilSaid(/42:alcove:xterm-256color:\/home\/alcove:-.*bash/);
    },
  );

  story("resizing is seen by stty, from 80 columns and 24 rows on", async () => {
    await using terminal = await open();
    terminal.type("stty size\n");
    await terminal.untilSaid(/\b24 80\b/);
    terminal.resize(132, 43);
    await until("stty says the new size", async () => {
      terminal.type("stty size\n");
      return terminal.saysWithin(/\b43 132\b/, 500);
    });
  });

  story(
    "uid, cwd and shell of the query; heartbeats, unknown and damaged frames are ignored",
    async () => {
      await using terminal = await open("?uid=1000&cwd=/usr&shell=/bin/sh");
      terminal.sendRaw(Buffer.from([0x04, 0, 0, 0, 0]));
      terminal.sendRaw(Buffer.from([0x7f, 0, 0, 0, 1, 9]));
      terminal.sendRaw(Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 1]));
      terminal.sendRaw(Buffer.from([0x01]));
      terminal.type("echo [$PWD][$((1 + 1))]\n");
      await terminal.untilSaid(/\[\/usr\]\[2\]/);
    },
  );

  story("the shell's end: its last words, SessionClose, and a close with 1000", async () => {
    await using terminal = await open();
    terminal.type("echo bye-$((3 * 3)); exit\n");
    const code = await terminal.closed();
    assert.match(terminal.said, /bye-9/);
    assert.equal(terminal.frameTypes.at(-1), 0x05);
    assert.equal(code, 1000);
  });

  story("the client's Shutdown ends the session with 1000, and the shell's processes", async () => {
    await using terminal = await open();
    terminal.type("sleep 4801 &\necho started-$((1 + 1))\n");
    await terminal.untilSaid(/started-2/);
    terminal.sendRaw(Buffer.from([0x03, 0, 0, 0, 0]));
    assert.equal(await terminal.closed(), 1000);
    await noneLeft("sleep 4801");
  });

  story("a client that vanishes takes the shell and what it runs with it", async () => {
    await using terminal = await open();
    terminal.type("sleep 4802 & echo started-$((1 + 1)); sleep 4802\n");
    await terminal.untilSaid(/started-2/);
    terminal.vanish();
    await noneLeft("sleep 4802");
  });

  async function noneLeft(command: string): Promise<void> {
    await until(`no ${command} is left`, async () => {
      return (await sh(host.api, vm, `pgrep -fc '^${command}$' || true`)) === "0";
    });
  }

  story("characters of several bytes are never cut between frames while more comes", async () => {
    await using terminal = await open();
    terminal.type(
      "perl -e 'print qq(\\xe2\\x82\\xac) x 50000; print qq(\\nend-), 1 + 1, qq(\\n)'\n",
    );
    await terminal.untilSaid(/end-2/);
    assert.equal(terminal.said.split("€").length - 1, 50_000);
    assert.ok(!terminal.decodedApart.includes("\ufffd"), "a frame ended inside a character");
  });

  story("a slow reader of 100 MB: messages stay small, and so does the daemon", async () => {
    await using terminal = await open("?uid=0");
    const atFirst = host.daemon.residentBytes;
    terminal.countOnly();
    terminal.type("stty -onlcr; head -c 100000000 /dev/zero | tr '\\0' x; exit\n");
    await terminal.untilCounted(1 * MIB);
    terminal.pause();
    // What was sent fills the buffers on the way; then everything must stand still.
    const stalled = await untilStill(() => host.daemon.residentBytes);
    assert.ok(stalled - atFirst < 64 * MIB, `the daemon grew by ${stalled - atFirst} bytes`);
    terminal.resume();
    assert.equal(await terminal.closed(), 1000);
    assert.ok(terminal.counted >= 100_000_000, `${terminal.counted} bytes came`);
    assert.ok(host.daemon.residentBytes - atFirst < 64 * MIB);
    assert.ok(terminal.longestMessage <= 32_768, `a message of ${terminal.longestMessage} bytes`);
  });

  story("a session that is left alone is still there, with the shell that it had", async () => {
    await using terminal = await open("?shell=/bin/sh");
    terminal.type("cd /usr; ME=$$; PS1=; echo at-$((1 + 1))\n"); // from here on it has no prompt
    await terminal.untilSaid(/at-2/);
    const { length } = terminal.said;
    await delay(IDLE_MS);
    assert.equal(terminal.said.slice(length).trim(), "", "it said something by itself");
    terminal.type("echo $PWD:$((ME == $$)):$((2 + 2))\n");
    await terminal.untilSaid(/\/usr:1:4/);
  });

  story("what cannot be a terminal is refused in plain HTTP", async () => {
    const { api } = host;
    assert.equal(await refusalOf(api, `/vm/${vm}/shell`, "wrong-token"), 401);
    assert.equal(await refusalOf(api, `/vm/${vm}/shell`, null), 401);
    assert.equal(await refusalOf(api, "/vm/sbox-999/shell"), 404);
    assert.equal(await refusalOf(api, "/no/such/route"), 404);
    assert.equal(await refusalOf(api, `/vm/${vm}/shell?uid=root`), 400);
    assert.equal((await api.get(`/vm/${vm}/shell`)).status, 400);
    await api.post(`/vm/${vm}/pause`);
    assert.equal(await refusalOf(api, `/vm/${vm}/shell`), 409);
    await api.post(`/vm/${vm}/resume`);
    assert.equal(await sh(api, vm, "pgrep -c bash || true"), "0");
    await host.deleteVm(vm);
  });
});
