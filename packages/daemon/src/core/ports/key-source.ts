/** Where the public SSH keys of a named account come from. */
export interface KeySource {
  /**
   * @returns the account's public keys, one line each, at least one
   * @param user an account name that was checked
   * @throws AlcoveError `keys_unavailable` when there are no keys to be had
   */
  keysOf(user: string, signal: AbortSignal): Promise<readonly string[]>;
}
