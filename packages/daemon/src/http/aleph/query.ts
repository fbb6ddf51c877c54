/** Parameters of a query, as clients send them: names that nobody knows are not looked at. */

import type { FastifyRequest } from "fastify";

/** @returns the first of that name */
export function parameter({ query }: FastifyRequest, name: string): string | undefined {
  if (typeof query !== "object" || query === null) return undefined;
  const value: unknown = Object.entries(query).find(([key]) => key === name)?.[1];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" ? first : undefined;
}

/** @returns what the first of these names has, split at commas; empty when none is there */
export function listParameter(request: FastifyRequest, ...names: readonly string[]): string[] {
  const texts = names.map((name) => parameter(request, name));
  const text = texts.find((it) => it !== undefined) ?? "";
  return text.split(",").filter((item) => item !== "");
}

/** @returns a whole number from 1 up, or the default for everything else */
export function numberParameter(request: FastifyRequest, name: string, byDefault: number): number {
  const value = Number(parameter(request, name) ?? byDefault);
  return Number.isSafeInteger(value) && value > 0 ? value : byDefault;
}
