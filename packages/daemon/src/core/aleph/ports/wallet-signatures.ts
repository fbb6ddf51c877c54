/** The port to other people's mathematics: what a signature says. All of it is pure; none of it throws. */

export interface WalletSignatures {
  /**
   * Ethereum's personal_sign (EIP-191).
   * @param signature 65 bytes: r, s, v with v 0, 1, 27, 28 or as EIP-155 has it
   * @returns address of the signer, `0x` and 40 lower-case digits; `undefined` for bytes that are no signature
   */
  ethereumSigner(message: Uint8Array, signature: Uint8Array): string | undefined;

  /**
   * Ed25519 over `message`, by the owner of a Solana address.
   * @param address base58 of the 32-byte public key
   * @returns `malformed` for bytes that are no signature, or an address that is none
   */
  solanaVerifies(
    message: Uint8Array,
    signature: Uint8Array,
    address: string,
  ): "yes" | "no" | "malformed";

  /** whether an address is written with the checksum of EIP-55 */
  isChecksummed(address: string): boolean;
}
