/** The web console as it was built: files in memory, with their forms over the wire. */

export interface ConsoleFile {
  /** media type, with the character set of texts */
  readonly type: string;
  /** changes with the content; with its quotes */
  readonly etag: string;
  readonly plain: Buffer;
  /** Brotli; absent where it would be no smaller */
  readonly br: Buffer | undefined;
  readonly gzip: Buffer | undefined;
}

/** By path below the console's root, such as `assets/index-1a2b.js`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;
