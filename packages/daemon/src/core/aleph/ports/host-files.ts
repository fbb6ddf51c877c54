/** The port to files on this host that are put into guests. */

export interface HostFiles {
  /** Opens a plain file. @param path absolute. @throws Error when there is none */
  open(path: string): Promise<HostFile>;
}

/** Disposing closes it, whether it was read or not. */
export interface HostFile extends AsyncDisposable {
  readonly sizeBytes: number;
  /** once */
  readonly content: AsyncIterable<Uint8Array>;
}
