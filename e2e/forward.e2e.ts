/**
 * Connections inside a guest: contract A19. The services there are a small program of the guest's
 * own perl: an echo, and one that never reads.
 *
 * E2E_FORWARD_MIB says how much goes through each tunnel; 1024 is worth a try by hand.
 */

import assert from "node:assert/strict";
import { before } from "node:test";

import { exec, sh } from "./harness/exec.ts";
import { textIn } from "./harness/json-value.ts";
import { suite, type TestHost } from "./harness/test-host.ts";
import { Tunnel, tunnelRefusal } from "./harness/tunnel.ts";
import { inTime, until, untilStill } from "./harness/until.ts";

const MIB = 1024 * 1024;
const AMOUNT_BYTES = Number(process.env["E2E_FORWARD_MIB"] ?? 64) * MIB;
/** a megabyte under emulation on a machine that others use, too */
const MS_PER_MIB = 2_000;
/** how much the daemon may grow, however much goes through it: the garbage of a second, mostly */
const ALLOWED_GROWTH_BYTES = 96 * MIB;

const SERVICES = String.raw`
use IO::Socket::INET; use IO::Socket::UNIX;
$SIG{CHLD} = "IGNORE";
my ($kind, $at) = @ARGV;
my $listener = $at =~ m{^/}
  ? IO::Socket::UNIX->new(Local => $at, Listen => 16)
  : IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $at, Listen => 16, ReuseAddr => 1);
die "cannot listen at $at: $!" unless $listener;
while (my $one = $listener->accept) {
  next if fork;
  $0 = "serving-$kind";
  if ($kind eq "deaf") { sleep 1 while -e "/run/deaf"; exit }
  if ($kind eq "brief") { print $one "good day\n"; exit }
  if ($kind eq "endless") { 1 while syswrite($one, "x" x 65536); exit }
  while (sysread($one, my $piece, 65536)) {
    my $sent = 0;
    $sent += syswrite($one, $piece, length($piece) - $sent, $sent) // exit while $sent < length $piece;
  }
  exit;
}
`;

const AT = {
  echo: "7001",
  echoUnix: "/run/echo.sock",
  deaf: "7002",
  brief: "7003",
  endless: "7004",
} as const;

suite("forward", {}, (host, story) => {
  let vm = "";
  before(async () => {
    vm = await host.createVm();
    const query = { path: "/root/services.pl", uid: 0 };
    const copied = await host.api.post(`/vm/${vm}/cp`, { query, body: SERVICES });
    assert.equal(copied.status, 200, copied.text);
    await sh(host.api, vm, "touch /run/deaf");
    for (const [kind, at] of Object.entries(AT)) await serve(host, vm, kind, at);
  });
  const open = (upstream: string) => Tunnel.open(host.api, vm, upstream);

  for (const [name, upstream] of [
    ["a TCP port", `127.0.0.1:${AT.echo}`],
    ["a Unix socket", `unix:${AT.echoUnix}`],
  ] as const) {
    story(
      `${name}: much goes both ways at once and arrives intact; the daemon stays small`,
      async () => {
        await using tunnel = await open(upstream);
        assert.equal(tunnel.socket.extensions, "");
        assert.equal(tunnel.socket.protocol, "");
        const memory = watchMemory(host);
        const began = performance.now();
        const sending = tunnel.sendMuch(AMOUNT_BYTES);
        const patienceMs = 60_000 + (AMOUNT_BYTES / MIB) * MS_PER_MIB;
        const sent = await inTime("all is sent", sending, patienceMs);
        await tunnel.untilCounted(AMOUNT_BYTES, patienceMs);
        const seconds = (performance.now() - began) / 1_000;
        const grownBytes = memory.stop();
        const rate = (AMOUNT_BYTES / MIB / seconds).toFixed(1);
        process.stdout.write(
          `# ${name}: ${AMOUNT_BYTES / MIB} MiB each way in ${seconds.toFixed(1)} s, ${rate} MiB/s each way; the daemon grew by ${(grownBytes / MIB).toFixed(1)} MiB\n`,
        );
        assert.equal(tunnel.counted, AMOUNT_BYTES);
        assert.equal(tunnel.outputHash(), sent);
        assert.ok(grownBytes < ALLOWED_GROWTH_BYTES, `the daemon grew by ${grownBytes} bytes`);
      },
    );
  }

  story("eight tunnels at once do not mix", async () => {
    const amount = 2 * MIB;
    const hashes = Array.from({ length: 8 }, async (_, index) => {
      await using tunnel = await open(
        index % 2 === 0 ? `localhost:${AT.echo}` : `unix:${AT.echoUnix}`,
      );
      const sent = await tunnel.sendMuch(amount + index);
      await tunnel.untilCounted(amount + index);
      return [sent, tunnel.outputHash()];
    });
    for (const [sent, came] of await Promise.all(hashes)) assert.equal(came, sent);
  });

  story("a target that says its word and closes: all of it, then 1000", async () => {
    await using tunnel = await open(`127.0.0.1:${AT.brief}`);
    const { code } = await tunnel.closed();
    assert.deepEqual([tunnel.heard, code], ["good day\n", 1000]);
  });

  story(
    "a client that does not read stops the guest; when it vanishes, so does the target",
    async () => {
      const atFirst = host.daemon.residentBytes;
      await using tunnel = await open(`127.0.0.1:${AT.endless}`);
      await tunnel.untilCounted(MIB);
      tunnel.socket.pause();
      const stalled = await untilStill(() => host.daemon.residentBytes);
      assert.ok(
        stalled - atFirst < ALLOWED_GROWTH_BYTES,
        `the daemon grew by ${stalled - atFirst}`,
      );
      tunnel.socket.terminate();
      await noneLeft("serving-endless");
    },
  );

  story("a target that does not read stops the client, and the daemon keeps little", async () => {
    const atFirst = host.daemon.residentBytes;
    await using tunnel = await open(`127.0.0.1:${AT.deaf}`);
    const sending = tunnel.sendMuch(256 * MIB);
    const broken = assert.rejects(sending);
    const unsent = { bytes: 0 };
    await until("the client has to wait", async () => {
      const earlier = unsent.bytes;
      unsent.bytes = tunnel.socket.bufferedAmount;
      return unsent.bytes > 0 && unsent.bytes === earlier;
    });
    const stalled = await untilStill(() => host.daemon.residentBytes);
    assert.ok(stalled - atFirst < ALLOWED_GROWTH_BYTES, `the daemon grew by ${stalled - atFirst}`);
    tunnel.socket.terminate();
    await broken;
    await sh(host.api, vm, "rm /run/deaf"); // it looks at it now and then
    await noneLeft("serving-deaf");
  });

  story("what a client sent before it closed arrives", async () => {
    const listening = exec(host.api, vm, {
      cmd: `perl -MIO::Socket::INET -e '$l = IO::Socket::INET->new(LocalPort => 7005, Listen => 1); $| = 1; print "up\n"; $c = $l->accept; undef $/; print length(<$c>)'`,
      shell: "/bin/sh",
    });
    await until("it listens", async () => {
      return (await sh(host.api, vm, "grep -c :1B5D /proc/net/tcp || true")) === "1";
    });
    await using last = await open("127.0.0.1:7005");
    await last.sendMuch(3 * MIB);
    last.socket.close();
    const { stdout } = await inTime("it has read to the end", listening);
    assert.equal(stdout.toString(), `up\n${3 * MIB}`);
  });

  story("what cannot be reached is told in plain HTTP, before any upgrade", async () => {
    const { api } = host;
    const refusals: readonly (readonly [string | undefined, number, string])[] = [
      [undefined, 400, "invalid_request"],
      ["nonsense", 400, "invalid_request"],
      ["no-such-name.example:80", 400, "guest_refused"],
      ["127.0.0.1:9", 502, "dial_failed"],
      ["unix:/run/nobody.sock", 502, "dial_failed"],
      ["unix:/etc/passwd", 502, "dial_failed"],
    ];
    for (const [upstream, status, code] of refusals) {
      const answer = await tunnelRefusal(api, vm, upstream);
      assert.deepEqual(
        [upstream, answer.status, textIn(JSON.parse(answer.body), "code")],
        [upstream, status, code],
      );
    }
    const echo = `127.0.0.1:${AT.echo}`;
    assert.equal((await tunnelRefusal(api, vm, echo, null)).status, 401);
    assert.equal((await tunnelRefusal(api, "sbox-999", echo)).status, 404);
    await api.post(`/vm/${vm}/pause`);
    assert.equal((await tunnelRefusal(api, vm, echo)).status, 409);
    await api.post(`/vm/${vm}/resume`);
  });

  story("a VM that is deleted closes its tunnels with 1011", async () => {
    await using tunnel = await open(`127.0.0.1:${AT.echo}`);
    await host.deleteVm(vm);
    assert.equal((await tunnel.closed()).code, 1011);
  });

  async function noneLeft(name: string): Promise<void> {
    await until(`no ${name} is left`, async () => {
      return (await sh(host.api, vm, `pgrep -c -f '^${name}' || true`)) === "0";
    });
  }
});

/** Starts one service and waits until it listens. */
async function serve(host: TestHost, vm: string, kind: string, at: string): Promise<void> {
  const name = kind.replace("Unix", "");
  const command = `setsid perl /root/services.pl ${name} ${at} >/dev/null 2>&1 &`;
  await sh(host.api, vm, command);
  const listens = at.startsWith("/")
    ? `test -S ${at} && echo yes || true`
    : `grep -q ':${Number(at).toString(16).toUpperCase()} ' /proc/net/tcp && echo yes || true`;
  await until(`${kind} listens`, async () => (await sh(host.api, vm, listens)) === "yes");
}

/** @returns tells, in bytes, by how much the daemon has grown at most */
function watchMemory(host: TestHost): { stop: () => number } {
  const atFirst = host.daemon.residentBytes;
  let most = atFirst;
  const look = () => (most = Math.max(most, host.daemon.residentBytes));
  const timer = setInterval(look, 50);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return most - atFirst;
    },
  };
}
