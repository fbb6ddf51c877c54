/** Where templates are kept: a directory each, half of it a driver's (`machine-templates.ts`). */

import type { Template } from "../template/template.ts";

export interface TemplateStore {
  /** those that are complete; what is left of others is removed */
  list(): Promise<readonly Template[]>;
  /** Begins one. Disposing a draft that was not completed removes it. */
  begin(): Promise<TemplateDraft>;
  /** where the driver's half is */
  machineOf(id: string): string;
  /** Begins a VM's console log with what the template's guest had said; harmless when there is nothing. */
  giveConsole(id: string, consoleLogPath: string): Promise<void>;
  /** Harmless when there is none. */
  remove(id: string): Promise<void>;
  /** @returns SHA-256 of a file, `[0-9a-f]{64}` */
  digestOf(path: string, signal: AbortSignal): Promise<string>;
}

export interface TemplateDraft extends AsyncDisposable {
  /** where the driver's half goes; it does not exist yet */
  readonly machine: string;
  /**
   * Makes it a template: durable, and all of it at once. One of the same id is kept as it is.
   * @param consoleLogPath what its guest has said so far
   */
  complete(template: Template, consoleLogPath: string): Promise<void>;
}
