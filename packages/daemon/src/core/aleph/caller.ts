/** Who sends a request, as far as it has been proven. */

export type Caller =
  /** holds the allocation token, or signs as one of the node's allocation signers: may do everything with every VM */
  | { readonly kind: "administrator" }
  /** has signed with a wallet, through a key that lives shorter; `address` as the wallet's chain writes it */
  | { readonly kind: "wallet"; readonly address: string }
  /** has shown nothing */
  | { readonly kind: "nobody" };

/** Addresses are compared without regard to case, those of base58 chains, too. */
export function isSameAddress(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
