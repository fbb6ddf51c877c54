/**
 * Stories of the web console: a host, its daemon, one Chromium, and visits that end with their story.
 *
 * A story fails when the browser had anything to complain of that the story did not expect; one that fails leaves a
 * picture of every page that was open.
 */

import { after, before } from "node:test";

import { Browser, whyNoBrowser } from "./browser.ts";
import { picture } from "./browser-look.ts";
import type { Visit, VisitOptions } from "./browser-visit.ts";
import { cannotRun } from "./can-run.ts";
import { type Settings, suite, type TestHost } from "./test-host.ts";

/** No real machines: everything but what a guest says is as it is. */
export const FAKE: Settings = { ALCOVE_HYPERVISOR: "fake" };

/** Begins a visit that nobody has signed in at. */
export type Begin = (options?: VisitOptions) => Promise<Visit>;
type Story = (title: string, work: (begin: Begin) => Promise<void>) => void;
type PlainStory = (title: string, work: () => Promise<void>) => void;

export function consoleSuite(
  title: string,
  settings: Settings,
  stories: (host: TestHost, story: Story) => void,
): void {
  const told = (host: TestHost, story: PlainStory): void => {
    let browser: Browser | undefined;
    before(async () => {
      browser = await Browser.open();
    });
    after(() => browser?.close());
    stories(host, (name, work) =>
      story(name, async () => {
        if (!browser) throw new Error("the suite has not begun");
        await withVisits({ browser, host, name: `${title} ${name}` }, work);
      }),
    );
  };
  suite(title, settings, told, whyNot());
}

interface Stage {
  readonly browser: Browser;
  readonly host: TestHost;
  readonly name: string;
}

async function withVisits(stage: Stage, work: (begin: Begin) => Promise<void>): Promise<void> {
  const visits: Visit[] = [];
  const begin: Begin = async (options) => {
    const visit = await stage.browser.visit(originOf(stage.host), options);
    visits.push(visit);
    return visit;
  };
  try {
    await work(begin);
    for (const visit of visits) visit.assertNoTrouble();
  } catch (error) {
    for (const [at, visit] of visits.entries()) await record(visit, `${stage.name} ${at}`);
    throw error;
  } finally {
    for (const visit of visits) await visit.end();
  }
}

/** Where the daemon serves now; it may be elsewhere after a restart. */
export function originOf(host: TestHost): string {
  const { endpoint } = host.api;
  if (!("port" in endpoint)) throw new Error("the console needs a daemon on a port");
  return `http://127.0.0.1:${endpoint.port}`;
}

async function record(visit: Visit, name: string): Promise<void> {
  const file = `failed-${name.replaceAll(/\W+/g, "-").slice(0, 80)}`;
  const pictured = picture(visit, file).then(
    () => file,
    (error: unknown) => String(error),
  );
  process.stdout.write(`--- the browser, ${await pictured}\n${visit.troubles.join("\n")}\n---\n`);
}

function whyNot(): string | false {
  if (cannotRun !== false) return cannotRun;
  const reason = whyNoBrowser();
  if (reason === undefined) return false;
  if (process.env["ALCOVE_REQUIRE_E2E"] === "1") {
    throw new Error(`ALCOVE_REQUIRE_E2E is set, but the console cannot be tried: ${reason}`);
  }
  return reason;
}
