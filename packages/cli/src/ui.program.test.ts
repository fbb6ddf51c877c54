/** `alcove ui`: an address that signs in, made of where the daemon was found. */

import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { withHost } from "./testing/with-host.ts";

const CODE = "#code=once-only";

test("ui: the address is where the daemon was found, with a code", async () => {
  await withHost(async (run, host) => {
    assert.equal((await run("ui")).stdout, `${host.url}/ui/${CODE}\n`);
    const asked = host.seen.at(-1);
    assert.equal(`${asked?.method} ${asked?.path}`, "POST /v1/session/codes");
    const json: unknown = JSON.parse((await run("ui --json")).stdout);
    const url = `${host.url}/ui/${CODE}`;
    assert.deepEqual(json, { url, expires_at: "2026-01-02T03:04:05Z" });
  });
});

test("ui: a browser is started with it where there is a way to, and else it is said", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "alcove-ui-"));
  const [opener, told] = [path.join(directory, "xdg-open"), path.join(directory, "told")];
  await writeFile(opener, `#!/bin/sh\nprintf %s "$1" > ${told}.new && mv ${told}.new ${told}\n`);
  await chmod(opener, 0o700);
  await withHost(async (run, host) => {
    const { stdout } = await run("ui --open", {
      env: { ALCOVE_URL: host.url, PATH: `${directory}:${process.env["PATH"]}` },
    });
    assert.equal(await eventuallyRead(told), stdout.trim());
  });
  await rm(directory, { recursive: true });
});

/** The opener is not waited for. */
async function eventuallyRead(file: string): Promise<string> {
  for (let tries = 0; tries < 200; tries += 1) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text !== undefined) return text;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${file} was not written`);
}
