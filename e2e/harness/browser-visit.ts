/**
 * One person's visit to the console: a page, and everything about it that must not happen.
 *
 * What Chromium complains of, what the page throws, what its policy refuses, answers that are failures and requests
 * that leave the origin are kept as troubles. A story that means one of them to happen says so beforehand.
 */

import assert from "node:assert/strict";

import type { BrowserContext, CDPSession, ConsoleMessage, Page, Response } from "playwright-core";

import type { Width } from "./browser-window.ts";

export type Theme = "light" | "dark";

export interface VisitOptions {
  readonly theme?: Theme;
  readonly width?: Width;
  /** default: as people have it who want nothing to move, so that pictures are still */
  readonly motion?: "reduce" | "no-preference";
}

/** for anything that a page shows; two test files share two busy cores */
const PATIENCE_MS = 20_000;
const FIRST_FAILURE = 400;
/** Said again for every answer that is a failure; those are looked at themselves. */
const ECHO = /^Failed to load resource/;
/** a request that the page itself has given up, as it does when one leaves a page */
const GIVEN_UP = "net::ERR_ABORTED";
const WITHIN_THE_PAGE = /^(data|blob|about):/;

/** Told as errors on the console, where they are kept like all others. */
const REPORT_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) =>
  console.error("refused by the policy: " + event.violatedDirective + " " + event.blockedURI))`;

export class Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly origin: string;
  readonly #developer: CDPSession;
  readonly #troubles: string[] = [];
  #expected: readonly RegExp[] = [];

  static async begin(context: BrowserContext, origin: string): Promise<Visit> {
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(REPORT_VIOLATIONS);
    const page = await context.newPage();
    return new Visit(page, await context.newCDPSession(page), origin);
  }

  private constructor(page: Page, developer: CDPSession, origin: string) {
    this.context = page.context();
    this.page = page;
    this.origin = origin;
    this.#developer = developer;
    this.#watch();
  }

  /** Such troubles are part of the story from now on. */
  expects(...patterns: readonly RegExp[]): void {
    this.#expected = [...this.#expected, ...patterns];
  }

  /** Fails when anything happened that no story expects. */
  assertNoTrouble(): void {
    assert.deepEqual(this.troubles, [], "the browser complains");
  }

  /** What has happened so far was part of the story. */
  forgives(): void {
    this.#troubles.length = 0;
  }

  get troubles(): readonly string[] {
    return this.#troubles;
  }

  /** Goes to an address of the console, such as `/vms`, as one does who types it. */
  async open(where: string): Promise<void> {
    await this.page.goto(`/ui${where}`);
  }

  /** Signs in as people do. */
  async signIn(token: string): Promise<void> {
    await this.open("/");
    await this.page.getByLabel("API token").fill(token);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.getByRole("navigation", { name: "Pages" }).waitFor();
  }

  /**
   * What an expression is in the page, as JSON has it; a promise is waited for. As the developer tools evaluate it,
   * so the page's policy stays what it is.
   */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#developer.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    const value: unknown = result.value;
    return value;
  }

  async end(): Promise<void> {
    await this.context.close();
  }

  #watch(): void {
    const { context, page } = this;
    context.on("console", (message) => this.#said(message));
    context.on("weberror", (thrown) => this.#note(`thrown: ${String(thrown.error())}`));
    context.on("request", (request) => this.#isOurs(request.url()));
    context.on("response", (response) => this.#answered(response));
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "no reason";
      if (why === GIVEN_UP) return;
      this.#note(`no answer: ${request.method()} ${this.#below(request.url())}: ${why}`);
    });
    page.on("websocket", (socket) => this.#isOurs(socket.url().replace(/^ws/, "http")));
    page.on("crash", () => this.#note("the page crashed"));
  }

  #said(message: ConsoleMessage): void {
    const [type, text] = [message.type(), message.text()];
    if (type !== "error" && type !== "warning") return;
    if (!ECHO.test(text)) this.#note(`${type}: ${text}`);
  }

  #answered(response: Response): void {
    if (response.status() < FIRST_FAILURE) return;
    const what = `${response.request().method()} ${this.#below(response.url())}`;
    this.#note(`answer ${response.status()}: ${what}`);
  }

  #isOurs(url: string): void {
    if (WITHIN_THE_PAGE.test(url) || new URL(url).origin === this.origin) return;
    this.#note(`left the origin: ${url}`);
  }

  #below(url: string): string {
    return url.replace(this.origin, "");
  }

  #note(trouble: string): void {
    if (!this.#expected.some((pattern) => pattern.test(trouble))) this.#troubles.push(trouble);
  }
}
