/** Sessions of browsers against a real daemon: codes over its socket, a daemon that is killed, another token. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { Api } from "./harness/api.ts";
import { ROOT } from "./harness/can-run.ts";
import { asObject } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";

const run = promisify(execFile);

suite("sessions", { ALCOVE_HYPERVISOR: "fake" }, (host, story) => {
  /** What `alcove ui` prints for a user of the daemon's socket. */
  async function ui(): Promise<URL> {
    const { state, runtime } = host.dirs;
    const env = { PATH: process.env["PATH"], ALCOVE_STATE_DIR: state, ALCOVE_RUNTIME_DIR: runtime };
    return new URL((await run(path.join(ROOT, "bin/alcove"), ["ui"], { env })).stdout.trim());
  }

  /** @returns the header that a browser sends from then on */
  async function signIn(json: object): Promise<string> {
    const { headers, status, text } = await host.api.post("/v1/session", { token: null, json });
    assert.equal(status, 200, text);
    return String(headers["set-cookie"]).split(";", 1)[0] ?? "";
  }

  /** By the name that the daemon has now: the cookie's holds the port, which is another for each daemon here. */
  async function statusWith(cookie: string): Promise<number> {
    const { endpoint } = host.api;
    assert.ok("port" in endpoint);
    const headers = { cookie: cookie.replace(/_\d+=/, `_${endpoint.port}=`) };
    return (await host.api.get("/info", { token: null, headers })).status;
  }

  story("the address that the command prints signs in, once", async () => {
    const url = await ui();
    const { endpoint } = host.api;
    assert.ok("port" in endpoint);
    assert.equal(`${url.origin}${url.pathname}`, `http://127.0.0.1:${endpoint.port}/ui/`);
    const code = /^#code=(.+)$/.exec(url.hash)?.[1];
    const cookie = await signIn({ code });
    assert.equal(await statusWith(cookie), 200);
    const again = await host.api.post("/v1/session", { token: null, json: { code } });
    assert.equal(again.status, 401);
  });

  story("a daemon that was killed and came back knows who was signed in", async () => {
    const cookie = await signIn({ token: host.api.token });
    const out = await signIn({ token: host.api.token });
    const { endpoint } = host.api;
    assert.ok("port" in endpoint);
    const origin = `http://127.0.0.1:${endpoint.port}`;
    const headers = { cookie: out, origin, host: new URL(origin).host };
    assert.equal((await host.api.delete("/v1/session", { token: null, headers })).status, 204);
    await host.daemon.kill();
    await host.start();
    assert.deepEqual([await statusWith(cookie), await statusWith(out)], [200, 401]);
  });

  story("another token ends all sessions", async () => {
    const cookie = await signIn({ token: host.api.token });
    await host.daemon.kill();
    writeFileSync(path.join(host.dirs.state, "auth/token"), "a-token-of-somebody's-own\n");
    await host.start();
    assert.equal(await statusWith(cookie), 401);
    assert.equal(await statusWith(await signIn({ token: "a-token-of-somebody's-own" })), 200);
  });

  story(
    "over the socket nobody needs a session, and the console is there all the same",
    async () => {
      const socket = new Api({ socketPath: path.join(host.dirs.runtime, "api.sock") });
      const { json } = await socket.get("/v1/session");
      assert.equal(asObject(json)["sign_in"], "not_needed");
      assert.match((await socket.get("/ui/")).text, /<!doctype html>/i);
    },
  );
});
