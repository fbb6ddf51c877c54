/** Structured log: a constant dotted event, then fields. Never a sentence with values in it. */

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  /** a normal change that matters in production */
  info(event: string, fields?: LogFields): void;
  /** abnormal but handled: a guest crashed */
  warn(event: string, fields?: LogFields): void;
  /** someone must look */
  error(event: string, fields?: LogFields): void;
  /** the same log with fields bound to every line */
  with(fields: LogFields): Log;
}
