/** As whom an Aleph node is asked, and what of that each request carries. */

import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { allocationAuthorization } from "./allocation-signature.ts";
import type { Operator, OperatorMethod } from "./operator.ts";
import type { Wallet } from "./wallet.ts";

export type Credentials =
  | { readonly kind: "token"; readonly token: string }
  /** signs each request whole */
  | { readonly kind: "signer"; readonly wallet: Wallet }
  | { readonly kind: "operator"; readonly operator: Operator }
  | { readonly kind: "nobody"; readonly reason: "not signed in" | "expired" };

/** Who may ask for it: `open` takes anybody, and knows an owner who shows credentials. */
export type Audience = "anyone" | "open" | "owner" | "administrator";

/** A request as far as signatures are about it. */
export interface UnsignedRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  /** as it will be sent; `undefined` for one that is sent piece by piece */
  readonly body: Uint8Array | undefined;
  readonly audience: Audience;
}

const AS_ADMINISTRATOR =
  "Give the administrator's token with --token-file, or sign with --allocation-key-file.";
const AS_OWNER = `Sign in with \`alcove aleph sign-in --key-file FILE\`. ${AS_ADMINISTRATOR}`;

/** @throws CommandError where these are not enough, UsageError where they cannot be used */
export function headersFor(
  credentials: Credentials,
  request: UnsignedRequest,
): Readonly<Record<string, string>> {
  const { audience } = request;
  if (audience === "anyone") return {};
  if (credentials.kind === "token") return { "x-auth-signature": credentials.token };
  if (credentials.kind === "signer") return { authorization: signed(credentials.wallet, request) };
  if (audience === "administrator") throw needs("Only the node's administrator", AS_ADMINISTRATOR);
  if (credentials.kind === "operator")
    return { ...credentials.operator.headers(methodOf(request), request.url) };
  if (audience === "open" && credentials.reason === "not signed in") return {};
  if (credentials.reason === "expired") throw expired();
  throw needs("Only its owner and the node's administrator", AS_OWNER);
}

export function expired(): CommandError {
  return new CommandError("The sign-in at this node has expired.", EXIT.notAllowed, {
    code: "expired",
    advice: AS_OWNER,
  });
}

function signed(wallet: Wallet, { method, url, body }: UnsignedRequest): string {
  if (url.search !== "")
    throw new UsageError(
      `A request with a query (${url.search}) cannot be signed whole; use --token-file, or sign in`,
    );
  if (!body)
    throw new UsageError(
      "What is sent piece by piece cannot be signed whole; use --token-file, or sign in",
    );
  return allocationAuthorization(wallet, { method, url, body }, new Date());
}

function needs(who: string, advice: string): CommandError {
  return new CommandError(`${who} may do this.`, EXIT.notAllowed, {
    code: "unauthenticated",
    advice,
  });
}

function methodOf({ method }: UnsignedRequest): OperatorMethod {
  if (method === "PUT") throw needs("Only the node's administrator", AS_ADMINISTRATOR);
  return method;
}
