/**
 * What earlier runs of the daemon may have accepted: which signed requests were used is remembered by the run that
 * accepted them, and by no other.
 */

export interface EarlierRuns {
  /** seconds since 1970: what was signed before it may have been used already */
  readonly notBefore: number;
  /**
   * Keeps in mind for later runs that a request was accepted, before anything is done for it.
   * @param iat when it was signed, in whole seconds since 1970; may be ahead of this host's time
   * @throws Error when that cannot be kept
   */
  accepted(iat: number): void;
}
