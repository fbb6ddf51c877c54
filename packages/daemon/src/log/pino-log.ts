/** The log port on pino: one JSON object a line. */

import { pino, stdSerializers, type DestinationStream, type Logger } from "pino";

import type { Log, LogFields } from "#core/ports/log.ts";

/** @param stream where the lines go; standard error when absent */
export function pinoLog(stream?: DestinationStream): Log {
  const options = { base: null, serializers: { error: stdSerializers.err } };
  return wrap(pino(options, stream ?? pino.destination({ fd: 2, sync: true })));
}

/** Tests that look at no log. */
export const silentLog: Log = {
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
};

function wrap(logger: Logger): Log {
  return {
    info: (event: string, fields?: LogFields) => logger.info({ ...fields, event }),
    warn: (event: string, fields?: LogFields) => logger.warn({ ...fields, event }),
    error: (event: string, fields?: LogFields) => logger.error({ ...fields, event }),
    with: (fields: LogFields) => wrap(logger.child(fields)),
  };
}
