/** Terminals in the console: opened, typed at, come back to, lost with the daemon and found again, closed. */

import assert from "node:assert/strict";

import { look } from "./harness/browser-look.ts";
import { consoleSuite, FAKE } from "./harness/browser-suite.ts";
import type { Visit } from "./harness/browser-visit.ts";
import { asObjects } from "./harness/json-value.ts";
import type { TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const screen = (visit: Visit) => visit.page.locator(".terminal-view:not([hidden]) .xterm-rows");
const connected = (visit: Visit) =>
  visit.page.locator(".terminal-view:not([hidden])").getByText("Connected", { exact: true });

async function shows(visit: Visit, text: string): Promise<void> {
  const shown = async () => (await screen(visit).innerText()).replaceAll("\u00a0", " ");
  await until(
    `the terminal shows ${text}`,
    async () => (await shown()).includes(text),
    15_000,
  ).catch(async (error: unknown) => {
    throw new Error(`it shows ${JSON.stringify(await shown())}`, { cause: error });
  });
}

const REAL = { ALCOVE_TEMPLATES: "off" };

async function opened(visit: Visit, hostname: string): Promise<void> {
  await visit.open(`/vms/${hostname}/terminal`);
  await visit.page.getByRole("button", { name: "Open a terminal" }).click();
  await connected(visit).waitFor();
}

/** The page is told that the VM is gone, and may ask about it meanwhile. */
async function left(visit: Visit, host: TestHost, hostname: string): Promise<void> {
  visit.assertNoTrouble();
  await host.deleteVm(hostname);
  await visit.open("/vms");
  visit.forgives();
}

consoleSuite("console terminal", FAKE, (host, story) => {
  const token = (): string => host.api.token ?? "";

  story("one types, leaves, and finds it again as it was", async (begin) => {
    const vm = await host.createVm();
    const visit = await begin();
    await visit.signIn(token());
    await opened(visit, vm);
    await visit.page.keyboard.type("echo hello from the guest\n");
    await shows(visit, "hello from the guest");
    await look(visit, "terminal");
    await visit.page.reload();
    await connected(visit).waitFor();
    await shows(visit, "hello from the guest");
    await visit.page.keyboard.type("echo again\n");
    await shows(visit, "again");
    const list = await host.api.get(`/v1/vms/${vm}/terminals`);
    assert.equal(asObjects(list.json).length, 1);
    await left(visit, host, vm);
  });

  story("its size follows its place", async (begin) => {
    const vm = await host.createVm();
    const visit = await begin();
    await visit.signIn(token());
    await opened(visit, vm);
    await visit.page.keyboard.type("stty size\n");
    await until("a size", async () => /\d+ \d+/.test(await screen(visit).innerText()));
    const wide = /(\d+) (\d+)/.exec(await screen(visit).innerText());
    await visit.page.setViewportSize({ width: 700, height: 700 });
    await visit.page.keyboard.type("echo narrow\nstty size\n");
    await shows(visit, "narrow");
    await until("another size", async () => {
      const sizes = [...(await screen(visit).innerText()).matchAll(/^(\d+) (\d+)$/gm)];
      return sizes.length === 2 && sizes[1]?.[2] !== wide?.[2];
    });
    await left(visit, host, vm);
  });

  story(
    "several lines are asked about before they are pasted; the selection is copied",
    async (begin) => {
      const vm = await host.createVm();
      const visit = await begin();
      await visit.signIn(token());
      await opened(visit, vm);
      await visit.evaluate('navigator.clipboard.writeText("echo one\\necho two\\u001b[201~\\n")');
      await visit.page.keyboard.press("Control+Shift+V");
      await visit.page.getByText("Paste 2 lines?").waitFor();
      await look(visit, "terminal-paste");
      await visit.page.getByRole("button", { name: "Paste 2 lines" }).click();
      await shows(visit, "two[201~");
      await visit.evaluate('navigator.clipboard.writeText("nothing")');
      const box = await screen(visit).getByText("one", { exact: true }).first().boundingBox();
      assert.ok(box);
      await visit.page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
      await until(
        "it is copied",
        async () => (await visit.evaluate("navigator.clipboard.readText()")) === "one",
      );
      await left(visit, host, vm);
    },
  );

  story("the keyboard leaves it, searches in it, and comes back", async (begin) => {
    const vm = await host.createVm();
    const visit = await begin();
    await visit.signIn(token());
    await opened(visit, vm);
    await visit.page.keyboard.type("echo needle\n");
    await shows(visit, "needle");
    await visit.page.keyboard.press("Control+Shift+F");
    const search = visit.page.getByLabel("Search in the terminal");
    await search.fill("needle");
    await visit.page.keyboard.press("Enter");
    await look(visit, "terminal-search");
    await search.fill("haystack");
    await visit.page.getByText("nowhere").waitFor();
    await visit.page.keyboard.press("Escape");
    await visit.page.keyboard.type("echo typed\n");
    await shows(visit, "typed");
    await visit.page.keyboard.press("Control+Shift+L");
    const focused = () => visit.evaluate("document.activeElement.textContent");
    assert.match(String(await focused()), /Terminal 1/);
    await left(visit, host, vm);
  });

  story("a flood of output neither stops the page nor is stopped by it", async (begin) => {
    const vm = await host.createVm();
    const visit = await begin();
    await visit.signIn(token());
    await opened(visit, vm);
    await visit.page.keyboard.type("seq 2000000\n");
    await visit.page.keyboard.type("echo o''ver\n");
    await until("the page answers", async () => (await visit.evaluate("1 + 1")) === 2, 5_000);
    await shows(visit, "over");
    await left(visit, host, vm);
  });

  story(
    "a guest whose agent is too old has a plain shell, and it is said that it ends",
    async (begin) => {
      const vm = await host.createVm();
      const visit = await begin();
      visit.expects(/answer 501/);
      await visit.signIn(token());
      const body = JSON.stringify({
        error: "The agent is older than this daemon",
        code: "unsupported",
      });
      await visit.page.route("**/terminals", (route) =>
        route.fulfill({ status: 501, contentType: "application/json", body }),
      );
      await visit.open(`/vms/${vm}/terminal`);
      await visit.page.getByText("This guest keeps no terminals").waitFor();
      await look(visit, "terminal-plain");
      await visit.page.getByRole("button", { name: "Open a plain shell" }).click();
      await connected(visit).waitFor();
      await visit.page.keyboard.type("echo in a plain shell\n");
      await shows(visit, "in a plain shell");
      await visit.page.keyboard.type("exit\n");
      await visit.page.getByText("The shell has ended.").waitFor();
      await left(visit, host, vm);
    },
  );

  story("closing asks once while the shell runs, and nothing when it has ended", async (begin) => {
    const vm = await host.createVm();
    const visit = await begin();
    await visit.signIn(token());
    await opened(visit, vm);
    await visit.page.getByRole("button", { name: "New terminal" }).click();
    await visit.page.getByRole("button", { name: "Close Terminal 2" }).waitFor();
    await connected(visit).waitFor();
    await visit.page.keyboard.type("exit 3\n");
    await visit.page.getByText("The shell has ended with code 3.").waitFor();
    await look(visit, "terminal-ended");
    await visit.page.getByRole("button", { name: "Close it" }).click();
    await visit.page.getByRole("button", { name: "Close Terminal 1" }).click();
    await visit.page.getByText("Its shell still runs.").waitFor();
    await visit.page.getByRole("button", { name: "End what runs in it" }).click();
    await visit.page.getByText("No terminals").waitFor();
    await left(visit, host, vm);
  });
});

consoleSuite("console terminal of a guest", REAL, (host, story) => {
  story(
    "a daemon that is killed is told of, and the next one's terminal has everything",
    async (begin) => {
      const vm = await host.createVm();
      const visit = await begin();
      visit.expects(/no answer/, /WebSocket connection/, /ERR_CONNECTION/);
      await visit.signIn(host.api.token ?? "");
      await opened(visit, vm);
      await visit.page.keyboard.type(
        "for i in $(seq 1 60); do echo line $i.; sleep 0.1; done; stty size\n",
      );
      await shows(visit, "line 3.");
      const port = String(await host.daemon.port());
      await host.daemon.kill();
      await visit.page.getByText("Trying again; until then").waitFor();
      await look(visit, "terminal-away");
      await host.start({ ALCOVE_LISTEN_PORT: port });
      await connected(visit).waitFor();
      await shows(visit, "line 60.");
      await visit.page.keyboard.type("echo back $((40 + 2))\n");
      await shows(visit, "back 42");
      await visit.page.keyboard.type(
        "printf '\\033]0;a\\342\\200\\256title\\007'; printf '\\033]52;c;aGFja2Vk\\007'; sleep 60\n",
      );
      await visit.page
        .getByRole("button", { name: /1 · atitle/, exact: false })
        .first()
        .waitFor();
      assert.notEqual(await visit.evaluate("navigator.clipboard.readText()"), "hacked");
      await visit.page.keyboard.press("Control+C");
      await visit.page.keyboard.type(
        "printf '\\033[31mred \\033[1;32mgreen\\033[0m https://example.org/x\\n'; ls --color -la /\n",
      );
      await shows(visit, "https://example.org/x");
      await look(visit, "terminal-colours");
      await left(visit, host, vm);
      visit.forgives();
    },
  );
});
