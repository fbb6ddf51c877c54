/**
 * What turns answers into JSON is compiled when the first answer needs it, as validators are: there are more of them,
 * they take longer, and each listener has its own.
 */

import { SerializerSelector } from "@fastify/fast-json-stringify-compiler";

type Factory = ReturnType<typeof SerializerSelector>;

const factory: Factory = SerializerSelector();

/** Fastify's own compiler, put off. */
export const serializeLate: Factory = (externalSchemas, options) => {
  const compile = factory(externalSchemas, options);
  return (route) => {
    let made: ReturnType<typeof compile> | undefined;
    return (answer) => {
      made ??= compile(route);
      return made(answer);
    };
  };
};
