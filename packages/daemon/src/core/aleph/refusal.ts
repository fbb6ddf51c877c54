/**
 * What an Aleph client is told when something is not done, in one closed list.
 *
 * The words are part of the API: clients and the network's tools compare them. The core says which kind
 * it is; the surface alone knows statuses and envelopes.
 */

export const REFUSALS = [
  "bad request",
  "unauthorized",
  "payment required",
  /** the owner is somebody else: the only one whose answer is plain text */
  "not the owner",
  "forbidden",
  "not found",
  "conflict",
  "too large",
  "no storage",
  "unavailable",
  "failed",
] as const;

export type RefusalKind = (typeof REFUSALS)[number];

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: RefusalKind;
  /** what is answered in place of `{"error": message}`, where the API has another shape there; JSON */
  readonly body: unknown;

  /** @param message as clients see it: no secrets, no paths of this host */
  constructor(kind: RefusalKind, message: string, options?: ErrorOptions & { body?: unknown }) {
    super(message, options);
    this.kind = kind;
    this.body = options?.body;
  }

  static is(error: unknown, kind: RefusalKind): error is Refusal {
    return error instanceof Refusal && error.kind === kind;
  }
}
