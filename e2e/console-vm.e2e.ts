/**
 * One real VM in the console, from its launch to its end: what a newcomer does, and what happens to the page when the
 * daemon dies under it.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { look, picture } from "./harness/browser-look.ts";
import { consoleSuite } from "./harness/browser-suite.ts";
import type { Visit } from "./harness/browser-visit.ts";
import { sh } from "./harness/exec.ts";
import { until } from "./harness/until.ts";

const SETTINGS = { ALCOVE_TEMPLATES: "off", ALCOVE_METER_SECONDS: "1" };
const NOBODY_ANSWERS = [/no answer/, /WebSocket/, /ERR_/, /answer 5\d\d/] as const;
/** of a processor that others use, too; a guest that rests takes one or two */
const BUSY_PERCENT = 20;
const MINUTE_MS = 60_000;

/** What a terminal shows now, as a screen reader is told it. */
const screenText = async (visit: Visit): Promise<string> =>
  String(await visit.evaluate(`document.querySelector(".xterm-rows")?.innerText ?? ""`)).replaceAll(
    "\u00a0",
    " ",
  );

async function reads(visit: Visit, text: string): Promise<void> {
  await until(`the terminal shows ${text}`, async () => (await screenText(visit)).includes(text));
}

async function goTo(visit: Visit, hostname: string, tab: string): Promise<void> {
  const parts = visit.page.getByRole("navigation", { name: `Parts of ${hostname}` });
  await parts.getByRole("link", { name: tab, exact: true }).click();
}

consoleSuite("console vm", SETTINGS, (host, story) => {
  const token = (): string => host.api.token ?? "";
  let vm = "";

  const opened = async (visit: Visit, tab: string): Promise<void> => {
    await visit.signIn(token());
    await visit.open(`/vms/${vm}/${tab}`);
    await visit.page.getByRole("heading", { level: 1, name: vm }).waitFor();
  };

  story("a newcomer launches a VM and types in its terminal within a minute", async (begin) => {
    const visit = await begin({ theme: "dark" });
    const { page } = visit;
    const startedAt = performance.now();
    await visit.signIn(token());
    await page.getByRole("link", { name: "VMs", exact: true }).click();
    await page.getByRole("button", { name: "Launch VM" }).click();
    const dialog = page.getByRole("dialog", { name: "Launch a VM" });
    await dialog.getByLabel("Keep its disk when it stops").check();
    await dialog.getByRole("button", { name: "Launch VM" }).click();
    await page.getByText("ready", { exact: true }).waitFor();
    [vm = ""] = await host.hostnames();
    await goTo(visit, vm, "Terminal");
    await page.getByRole("button", { name: "Open a terminal" }).click();
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.keyboard.type("echo $((6 * 7)) from $(hostname)\n");
    await reads(visit, `42 from ${vm}`);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < MINUTE_MS, `${tookMs} ms`);
    await picture(visit, "terminal-real-dark-1440");
  });

  story("a file goes up, is changed, and comes down", async (begin) => {
    const visit = await begin();
    const { page } = visit;
    await opened(visit, "files?path=/root");
    await page
      .getByLabel("Files to upload")
      .setInputFiles({ name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("one\n") });
    const entry = page.getByRole("row").filter({ hasText: "note.txt" });
    await entry.waitFor();
    assert.equal(await sh(host.api, vm, "cat /root/note.txt"), "one");
    await look(visit, "files-real");
    await entry.dblclick();
    const editor = page.getByLabel("Content of note.txt");
    await editor.fill("two\n");
    await page.getByRole("button", { name: /^Save/ }).click();
    await until(
      "it is saved",
      async () => (await sh(host.api, vm, "cat /root/note.txt")) === "two",
    );
    const coming = page.waitForEvent("download");
    await page.getByRole("dialog").getByRole("button", { name: "Download" }).click();
    const file = await (await coming).path();
    assert.equal(readFileSync(file, "utf8"), "two\n");
  });

  story("a command runs with its output as it comes, and is called off", async (begin) => {
    const visit = await begin();
    const { page } = visit;
    await opened(visit, "run");
    await page.getByLabel("Command", { exact: true }).fill("echo first; sleep 600; echo never");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    const output = page.getByRole("log", { name: "Output of the command" });
    await output.getByText("first").waitFor();
    await look(visit, "run-real");
    await page.getByRole("button", { name: /^(Cancel|Stop)/ }).click();
    await until(
      "it is gone",
      async () => (await sh(host.api, vm, "pgrep -fc 'sleep 60[0]' || true")) === "0",
    );
    await page.getByLabel("Command", { exact: true }).fill("echo words; exit 3");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await output.getByText("words").waitFor();
    await page.getByText(/\b3\b/).first().waitFor();
  });

  story("the serial console is followed, and searched", async (begin) => {
    const visit = await begin();
    const { page } = visit;
    await opened(visit, "console");
    const log = page.getByRole("log", { name: `Serial console of ${vm}` });
    await log.waitFor();
    await sh(host.api, vm, "echo a-line-of-$((40+2)) > /dev/console");
    await log.getByText("a-line-of-42").waitFor();
    await look(visit, "serial-real");
    await page.getByLabel("Search the serial console").fill("a-line-of");
    await page.getByText(/1 (of|\/) 1/).waitFor();
  });

  story("a chart moves when the guest works", async (begin) => {
    const visit = await begin();
    await opened(visit, "overview");
    const chart = visit.page.getByRole("figure", { name: /^CPU/ });
    await chart.waitFor();
    const before = await chart.getAttribute("aria-label");
    const working = sh(host.api, vm, "touch busy; while [ -e busy ]; do :; done");
    await until("the chart tells of it", async () => {
      const words = (await chart.getAttribute("aria-label")) ?? "";
      return Number(/now (\d+)/.exec(words)?.[1]) >= BUSY_PERCENT;
    }).catch(async (error: unknown) => {
      const now = await chart.getAttribute("aria-label");
      throw new Error(`it told ${before}, and tells ${now}`, { cause: error });
    });
    await sh(host.api, vm, "rm busy");
    await working;
    await look(visit, "vm-real");
  });

  story("the page and its terminal outlive a daemon that is killed", async (begin) => {
    const visit = await begin();
    const { page } = visit;
    await opened(visit, "terminal");
    await page.getByText("Connected", { exact: true }).waitFor();
    await reads(visit, `42 from ${vm}`); // the one of the first story
    await page.locator(".xterm-helper-textarea").first().focus();
    await page.keyboard.type("keep=kept\n");
    visit.expects(...NOBODY_ANSWERS);
    const port = await host.daemon.port();
    await host.daemon.kill();
    await page.getByText("Connected", { exact: true }).waitFor({ state: "detached" });
    await picture(visit, "terminal-daemon-gone");
    await host.start({ ALCOVE_LISTEN_PORT: String(port) });
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.locator(".xterm-helper-textarea").first().focus();
    await page.keyboard.type("echo it is $keep\n");
    await reads(visit, "it is kept");
    await goTo(visit, vm, "Overview");
    await page.getByText("ready", { exact: true }).waitFor();
  });

  story("it is paused, goes on, is forked, and both are deleted", async (begin) => {
    const visit = await begin();
    const { page } = visit;
    await opened(visit, "overview");
    const actions = page.getByRole("group", { name: `Actions for ${vm}` });
    const press = (name: string) => actions.getByRole("button", { name, exact: true }).click();
    await press("Pause");
    await actions.getByRole("button", { name: "Resume" }).waitFor();
    assert.equal(await actions.getByRole("button", { name: "Pause" }).count(), 0);
    await press("Resume");
    await actions.getByRole("button", { name: "Fork" }).waitFor();
    await press("Fork");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Make 1 child" }).click();
    await dialog.getByText("somebody of its own").waitFor({ timeout: MINUTE_MS });
    await look(visit, "forked");
    await dialog.getByRole("button", { name: "Close" }).last().click();
    const child = (await host.hostnames()).find((it) => it !== vm);
    assert.ok(child !== undefined);

    await visit.open("/vms");
    await page.getByLabel(`Select ${child}`).check();
    await page.getByRole("button", { name: /^Delete/ }).click();
    await dialog.getByRole("button", { name: /^Delete/ }).click();
    await page.getByRole("link", { name: child, exact: true }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: vm, exact: true }).click();
    visit.expects(/answer 404: GET \/v1\/vms\//); // asked for when it was just gone
    await press("Delete");
    await dialog.getByRole("button", { name: `Delete ${vm}` }).click();
    await page.getByText("No VMs yet").waitFor();
    assert.deepEqual(await host.hostnames(), []);
  });
});
