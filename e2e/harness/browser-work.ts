/** CPU time of a page's main thread: what the page costs, whoever else uses the machine. */

import type { CDPSession } from "playwright-core";

import type { Visit } from "./browser-visit.ts";

const MS = 1_000;

export class WorkMeter {
  readonly #developer: CDPSession;
  readonly #beganMs: number;

  static async on(visit: Visit): Promise<WorkMeter> {
    const developer = await visit.context.newCDPSession(visit.page);
    await developer.send("Performance.enable", { timeDomain: "threadTicks" });
    return new WorkMeter(developer, await usedMs(developer));
  }

  private constructor(developer: CDPSession, beganMs: number) {
    this.#developer = developer;
    this.#beganMs = beganMs;
  }

  /** Ends it. @returns what was used since it began, in ms */
  async takeMs(): Promise<number> {
    const used = (await usedMs(this.#developer)) - this.#beganMs;
    await this.#developer.detach();
    return used;
  }
}

async function usedMs(developer: CDPSession): Promise<number> {
  const { metrics } = await developer.send("Performance.getMetrics");
  const task = metrics.find(({ name }) => name === "TaskDuration");
  if (!task) throw new Error("Chromium does not tell what its tasks took");
  return task.value * MS;
}
