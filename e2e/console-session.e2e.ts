/** Coming to the console: its first page, its policy, its size, signing in, out, and being signed out. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { textIn } from "./harness/json-value.ts";
import { consoleSuite, FAKE, originOf } from "./harness/browser-suite.ts";
import { look } from "./harness/browser-look.ts";
import { ownFilesOf, sentBytes } from "./harness/browser-wire.ts";
import type { Visit } from "./harness/browser-visit.ts";

const KIB = 1024;
const FIRST_LOAD_BYTES = 400 * KIB;
/** with its headers; what is smaller need not be compressed */
const SMALL_BYTES = 2 * KIB;
const REFUSED = /answer 401/;
const signInForm = (visit: Visit) => visit.page.getByLabel("API token");
const navigation = (visit: Visit) => visit.page.getByRole("navigation", { name: "Pages" });

consoleSuite("console session", FAKE, (host, story) => {
  const token = (): string => host.api.token ?? "";

  story("every file says what it may load: of its own origin, and nothing unsafe", async () => {
    for (const file of await ownFilesOf(host.api)) {
      const answer = await host.api.get(file, { token: null });
      assert.equal(answer.status, 200, file);
      const policy = String(answer.headers["content-security-policy"]);
      assert.match(policy, /default-src 'none'/, file);
      assert.match(policy, /frame-ancestors 'none'/, file);
      assert.doesNotMatch(policy, /unsafe|\*|https?:|nonce|sha\d/, file);
      assert.equal(answer.headers["x-content-type-options"], "nosniff", file);
    }
  });

  story("a browser that knows the host only is led to the console", async (begin) => {
    const visit = await begin();
    await visit.page.goto("/");
    await signInForm(visit).waitFor();
    assert.equal(new URL(visit.page.url()).pathname, "/ui/");
    await look(visit, "sign-in");
  });

  story("a wrong token is said to be wrong, and the right one is let in", async (begin) => {
    const visit = await begin();
    visit.expects(REFUSED);
    await visit.open("/vms");
    await signInForm(visit).fill("not-the-token");
    await visit.page.keyboard.press("Enter");
    await visit.page.getByText("That is not this daemon's token.").waitFor();
    await look(visit, "sign-in-wrong-token");
    await signInForm(visit).fill(token());
    await visit.page.getByRole("button", { name: "Sign in" }).click();
    await visit.page.getByRole("heading", { level: 1, name: "VMs" }).waitFor();

    const [cookie, ...others] = await visit.context.cookies();
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, "Strict", "/"]);
    assert.deepEqual(others, []);
    const kept = await visit.evaluate(
      "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])",
    );
    assert.ok(!String(kept).includes(token()), "the token is where scripts can read it");
    assert.ok(cookie && !String(kept).includes(cookie.value), "the session is, too");
  });

  story("the first load is less than 400 KiB, and all of it from here", async (begin) => {
    const visit = await begin();
    const sent = await sentBytes(visit, async () => {
      await visit.signIn(token());
      await visit.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    });
    assert.ok(sent.bytes > 30 * KIB, `${sent.bytes} bytes is too little to be a console`);
    assert.ok(sent.bytes < FIRST_LOAD_BYTES, `${sent.bytes} bytes: ${sent.list.join(", ")}`);
    const uncompressed = sent.list.filter((line) => {
      const [name = "", bytes = ""] = line.split(" as is ");
      return /\.(js|css)$/.test(name) && Number(bytes) > SMALL_BYTES;
    });
    assert.deepEqual(uncompressed, [], "a file is sent as it is");
  });

  story("a link with a code signs in once, and the code leaves the address", async (begin) => {
    const made = await host.api.post("/v1/session/codes");
    assert.equal(made.status, 201, made.text);
    const where = `/#code=${textIn(made.json, "code")}`;
    const first = await begin();
    await first.open(where);
    await navigation(first).waitFor();
    assert.ok(!first.page.url().includes("code"), first.page.url());
    await first.page.reload();
    await navigation(first).waitFor();

    const second = await begin();
    second.expects(REFUSED);
    await second.open(where);
    await second.page.getByRole("alert").waitFor();
    await signInForm(second).waitFor();
  });

  story("signed out in one tab is signed out in the other", async (begin) => {
    const visit = await begin();
    await visit.signIn(token());
    const other = await visit.context.newPage();
    await other.goto("/ui/vms");
    visit.expects(REFUSED);
    await other.getByRole("button", { name: "Sign out" }).click();
    await other.getByLabel("API token").waitFor();
    await signInForm(visit).waitFor();
    assert.deepEqual(await visit.context.cookies(), []);
  });

  story("a session that is over leads to the sign-in, and from there back", async (begin) => {
    const visit = await begin();
    await visit.signIn(token());
    await visit.context.clearCookies();
    visit.expects(REFUSED);
    await visit.page.getByRole("link", { name: "Images" }).click();
    await signInForm(visit).fill(token());
    await visit.page.keyboard.press("Enter");
    await visit.page.getByRole("heading", { level: 1, name: "Images" }).waitFor();
  });

  story("a daemon that was killed and is back still knows who was signed in", async (begin) => {
    const visit = await begin();
    await visit.signIn(token());
    visit.expects(/no answer/, /answer 5\d\d/, /WebSocket/);
    const port = await host.daemon.port();
    await host.daemon.kill();
    await host.start({ ALCOVE_LISTEN_PORT: String(port) });
    await visit.page.reload();
    await navigation(visit).waitFor();
  });

  story("a page of a guest, forwarded to another port of here, gets nothing", async (begin) => {
    const visit = await begin();
    await visit.signIn(token());
    const stranger = createServer((_request, response) => {
      response.setHeader("content-type", "text/html").end("<title>a guest's page</title>");
    }).listen(0, "127.0.0.1");
    await once(stranger, "listening");
    try {
      const address = stranger.address();
      assert.ok(typeof address === "object" && address !== null);
      await assertShutOut(visit, `http://127.0.0.1:${address.port}/`, originOf(host));
      await visit.open("/");
      await navigation(visit).waitFor(); // it could not sign anybody out, either
    } finally {
      stranger.close();
      stranger.closeAllConnections();
    }
  });
});

/** The stranger's page tries what a page can; the browser sends the cookie along, for the site is the same. */
async function assertShutOut(visit: Visit, strange: string, ours: string): Promise<void> {
  await visit.page.goto(strange);
  const statuses: number[] = [];
  visit.context.on("response", (response) => {
    if (response.url().startsWith(ours)) statuses.push(response.status());
  });
  const outcome = await visit.evaluate(`(async () => {
    const ask = (path, init) => fetch("${ours}" + path, { credentials: "include", ...init })
      .then((answer) => answer.status, () => "kept from it");
    const socket = new WebSocket("${ours.replace("http", "ws")}/vm/sbox-1/shell");
    const opened = new Promise((resolve) => {
      socket.onopen = () => resolve("opened");
      socket.onerror = () => resolve("kept from it");
    });
    const picture = new Promise((resolve) => {
      const image = new Image();
      image.onload = image.onerror = resolve;
      image.src = "${ours}/v1/vms";
    });
    const answers = [
      await ask("/v1/vms"),
      await ask("/hostgroup/sbox/nodes", { method: "POST", mode: "no-cors", body: "{}" }),
      await ask("/v1/session/codes", { method: "POST", mode: "no-cors" }),
      await ask("/v1/session", { method: "DELETE" }),
      await opened,
    ];
    await picture;
    return answers;
  })()`);
  assert.deepEqual(outcome, ["kept from it", 0, 0, "kept from it", "kept from it"]);
  assert.deepEqual(statuses, [403, 403]);
  assert.ok(visit.troubles.some((it) => /WebSocket.* response code: 403/.test(it)));
  visit.forgives();
}
