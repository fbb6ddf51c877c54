/** Every page of the console, empty, full and failing: as it looks, what axe says of it, and by keyboard alone. */

import assert from "node:assert/strict";

import { look } from "./harness/browser-look.ts";
import { consoleSuite, FAKE } from "./harness/browser-suite.ts";
import type { Visit } from "./harness/browser-visit.ts";
import { GROUP } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const PAGES = [
  ["overview", "/", "Overview"],
  ["vms", "/vms", "VMs"],
  ["images", "/images", "Images"],
  ["templates", "/templates", "Templates"],
  ["commits", "/commits", "Commits"],
  ["secrets", "/secrets", "Secrets"],
  ["api", "/api", "API reference"],
] as const;

const heading = (visit: Visit, name: string) => visit.page.getByRole("heading", { level: 1, name });

/** What is still being loaded says so. */
async function untilLoaded(visit: Visit): Promise<void> {
  await visit.page
    .getByRole("status")
    .filter({ hasText: /loading/i })
    .first()
    .waitFor({ state: "detached" });
}

consoleSuite("console pages", FAKE, (host, story) => {
  const token = (): string => host.api.token ?? "";

  for (const [name, where, title] of PAGES) {
    story(`${title}, of a host that has nothing yet`, async (begin) => {
      const visit = await begin();
      await visit.signIn(token());
      await visit.open(where);
      await heading(visit, title).waitFor();
      await untilLoaded(visit);
      await look(visit, `${name}-empty`);
    });
  }

  story("each page of a host that has VMs, one of them paused, and secrets", async (begin) => {
    const names = [await host.createVm({ tags: ["name=shop", "web"] })];
    names.push(await host.createVm({ persistent: true }), await host.createVm());
    const [first = "", second = "", third = ""] = names;
    const secret = await host.api.post("/secrets", {
      json: { name: "token", data: Buffer.from("x").toString("base64") },
    });
    assert.ok(secret.status < 300, secret.text);
    await host.api.post(`/vm/${second}/pause`);
    const visit = await begin();
    await visit.signIn(token());
    for (const [name, where, title] of PAGES) {
      await visit.open(where);
      await heading(visit, title).waitFor();
      await untilLoaded(visit);
      if (name === "vms") await visit.page.getByRole("link", { name: third }).waitFor();
      await look(visit, name);
    }
    for (const tab of ["overview", "files", "run", "console", "timeline"]) {
      await visit.open(`/vms/${first}/${tab}`);
      await heading(visit, first).waitFor();
      await untilLoaded(visit);
      await look(visit, `vm-${tab}`);
    }
    await visit.open("/vms");
    for (const hostname of names) await host.deleteVm(hostname);
    await visit.page.getByText("No VMs yet").waitFor();
  });

  story("what is not there is said to be not there", async (begin) => {
    const visit = await begin();
    await visit.signIn(token());
    await visit.open("/nowhere");
    await visit.page.getByText("There is no such page").waitFor();
    await look(visit, "no-such-page");
    visit.expects(/answer 404/);
    await visit.open("/vms/sbox-999");
    await visit.page.getByText("sbox-999").first().waitFor();
    await untilLoaded(visit);
    await look(visit, "no-such-vm");
  });

  story("a list that cannot be had says so, and asks again when told to", async (begin) => {
    const visit = await begin();
    await visit.signIn(token());
    visit.expects(/answer 500/);
    const list = `${visit.origin}/secrets`;
    await visit.context.route(list, (route) =>
      route.fulfill({ status: 500, json: { error: "the disk is gone", code: "internal" } }),
    );
    await visit.open("/secrets");
    const alert = visit.page.getByRole("alert").filter({ hasText: "The disk is gone." });
    await alert.waitFor();
    await look(visit, "secrets-failed");
    await visit.context.unroute(list);
    await alert.getByRole("button", { name: "Try again" }).click();
    await alert.waitFor({ state: "detached" });
  });

  story("a VM is launched, found and ended with the keyboard alone", async (begin) => {
    const visit = await begin();
    const { keyboard } = visit.page;
    await visit.open("/");
    const field = visit.page.getByLabel("API token");
    await field.waitFor();
    await until("it has the focus", () => field.evaluate((it) => it.matches(":focus")));
    await keyboard.type(token());
    await keyboard.press("Enter");
    await heading(visit, "Overview").waitFor();
    await keyboard.press("g");
    await keyboard.press("v");
    await heading(visit, "VMs").waitFor();
    await until("it begins at the page", async () => (await focused(visit)) === "VMs");
    await reach(visit, "Launch VM");
    await keyboard.press("Enter");
    await visit.page.getByRole("dialog", { name: "Launch a VM" }).waitFor();
    await visit.page.getByLabel("Host group").waitFor();
    await keyboard.press("g"); // whoever is asked something is not taken elsewhere
    await keyboard.press("s");
    await look(visit, "launch");
    await reach(visit, "Tags");
    await keyboard.type("name=keys");
    await keyboard.press("Enter");
    await visit.page.getByText("ready", { exact: true }).waitFor();
    const hostname = (await host.hostnames()).at(-1) ?? "";
    await heading(visit, hostname).waitFor();
    await keyboard.press("Control+k");
    await keyboard.type("keys");
    const option = visit.page.getByRole("option");
    await until("one is left", async () => (await option.count()) === 1);
    assert.match(await option.innerText(), /\(keys\)/);
    await keyboard.press("Escape");
    await reach(visit, "Delete");
    await keyboard.press("Enter");
    await visit.page.getByRole("dialog", { name: `Delete ${hostname}?` }).waitFor();
    await keyboard.press("Escape");
    assert.equal(await focused(visit), "Delete"); // the focus is back where it was
    await keyboard.press("Enter");
    await visit.page.getByRole("dialog", { name: `Delete ${hostname}?` }).waitFor();
    await look(visit, "delete");
    await keyboard.press("Enter");
    await heading(visit, "VMs").waitFor();
    await until("it goes on at the page", async () => (await focused(visit)) === "VMs");
    assert.equal((await host.hostnames()).length, 0);
  });

  story("what had the focus and is gone leaves it to what was around it", async (begin) => {
    for (const name of ["first", "second"]) {
      const answer = await host.api.post("/secrets", { json: { name, data: "eA==" } });
      assert.ok(answer.status < 300, answer.text);
    }
    const visit = await begin();
    const { page } = visit;
    await visit.signIn(token());
    await visit.open("/secrets");
    const row = page.getByRole("row").filter({ hasText: "first" });
    await row.getByRole("button", { name: "Delete first" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: /first/ }).waitFor();
    await page.keyboard.press("Enter");
    await row.waitFor({ state: "detached" });
    const table = page.getByRole("table");
    await until("it is at the list", () => table.evaluate((it) => it.matches(":focus")));
    await page.keyboard.press("Tab");
    assert.equal(await table.evaluate((it) => it.matches(":focus-within")), true);
  });

  story("letters are shortcuts until somebody turns them off", async (begin) => {
    const visit = await begin();
    const { keyboard } = visit.page;
    await visit.signIn(token());
    await visit.page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await look(visit, "shortcuts");
    await visit.page.getByLabel("Shortcuts without Ctrl").uncheck();
    await keyboard.press("Escape");
    await keyboard.press("g");
    await keyboard.press("v");
    await keyboard.press("Control+k");
    await visit.page.getByRole("combobox", { name: "Page or VM" }).waitFor();
    await heading(visit, "Overview").waitFor();
    await visit.page.evaluate("localStorage.clear()");
  });

  story("a guest's words are text, whatever they are", async (begin) => {
    const evil = "note=<img src=x onerror=alert(1)>";
    const answer = await host.api.post(`/hostgroup/${GROUP}/nodes`, { json: { tags: [evil] } });
    assert.ok(answer.status < 300, answer.text);
    const visit = await begin();
    await visit.signIn(token());
    await visit.open("/vms");
    await visit.page.getByText("onerror=alert(1)").first().waitFor();
    assert.equal(await visit.page.locator("img[src=x]").count(), 0);
    for (const hostname of await host.hostnames()) await host.deleteVm(hostname);
  });
});

const MOST_STOPS = 60;

const focused = (visit: Visit) =>
  visit.evaluate(
    `document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent`,
  );

/** Presses Tab until what has that name has the focus. */
async function reach(visit: Visit, name: string): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    if ((await focused(visit)) === name) return;
    await visit.page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not lead to ${name}`);
}
