/** Debian's Chromium, driven by Playwright: one for a suite, and a fresh profile for every visit. */

import { existsSync } from "node:fs";

import { type Browser as Chromium, chromium } from "playwright-core";

import { ROOT } from "./can-run.ts";
import { Visit, type VisitOptions } from "./browser-visit.ts";
import { sizeOf } from "./browser-window.ts";

const PROGRAM = "/usr/bin/chromium";
const BUILT = `${ROOT}/packages/console/dist/index.html`;
/** why the console cannot be tried in a browser here, or `undefined` when it can */
export function whyNoBrowser(): string | undefined {
  if (!existsSync(PROGRAM)) {
    return `${PROGRAM} is not there; node scripts/setup-tests.mjs installs it`;
  }
  if (!existsSync(BUILT)) return `${BUILT} is not there; npm run setup builds it`;
  return undefined;
}

export class Browser {
  readonly #chromium: Chromium;

  static async open(): Promise<Browser> {
    // Tests run as root, whom Chromium's sandbox refuses; nothing but our own daemon is visited.
    return new Browser(await chromium.launch({ executablePath: PROGRAM, chromiumSandbox: false }));
  }

  private constructor(running: Chromium) {
    this.#chromium = running;
  }

  /** A browser that has never been here: no cookies, nothing stored. */
  async visit(origin: string, options: VisitOptions = {}): Promise<Visit> {
    const { theme = "light", width = 1440, motion = "reduce" } = options;
    const context = await this.#chromium.newContext({
      baseURL: origin,
      viewport: sizeOf(width),
      colorScheme: theme,
      reducedMotion: motion,
      acceptDownloads: true,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    return Visit.begin(context, origin);
  }

  async close(): Promise<void> {
    await this.#chromium.close();
  }
}
