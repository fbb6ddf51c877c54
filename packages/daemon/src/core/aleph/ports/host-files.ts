/** The port to files on this host that are put into guests. */

export interface HostFiles {
  /** Opens a plain file. @param path absolute. @throws Error when there is none */
  open(path: string): Promise<HostFile>;

  /** The same for a zip archive; its content is a tar of what is in it, and rejects for what is no such archive. */
  openZip(path: string): Promise<HostFile>;
}

/** Disposing closes it, whether it was read or not. */
export interface HostFile extends AsyncDisposable {
  /** of the file as it lies there */
  readonly sizeBytes: number;
  /** once */
  readonly content: AsyncIterable<Uint8Array>;
}
