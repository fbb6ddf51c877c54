/** A log that tests can read. */

import type { Log, LogFields } from "#core/ports/log.ts";

export interface LogLine extends LogFields {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
}

export class RememberingLog implements Log {
  readonly lines: LogLine[];
  readonly #bound: LogFields;

  constructor(lines: LogLine[] = [], bound: LogFields = {}) {
    this.lines = lines;
    this.#bound = bound;
  }

  info(event: string, fields: LogFields = {}): void {
    this.lines.push({ ...this.#bound, ...fields, level: "info", event });
  }

  warn(event: string, fields: LogFields = {}): void {
    this.lines.push({ ...this.#bound, ...fields, level: "warn", event });
  }

  error(event: string, fields: LogFields = {}): void {
    this.lines.push({ ...this.#bound, ...fields, level: "error", event });
  }

  with(fields: LogFields): Log {
    return new RememberingLog(this.lines, { ...this.#bound, ...fields });
  }

  /** events of warnings and errors, in order */
  troubles(): readonly string[] {
    return this.lines.filter(({ level }) => level !== "info").map(({ event }) => event);
  }
}
