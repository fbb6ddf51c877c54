/** What a door has to know of a request, whatever carried it. Header values as they were sent; `undefined`: there was none. */

export interface RequestFacts {
  /** upper case, as in the request line */
  readonly method: string;
  /** percent-decoded, without the query */
  readonly path: string;
  readonly hasQuery: boolean;
  readonly authorization?: string | undefined;
  /** `X-Auth-Signature` */
  readonly allocationToken?: string | undefined;
  /** `X-SignedPubKey` */
  readonly signedPubKey?: string | undefined;
  /** `X-SignedOperation` */
  readonly signedOperation?: string | undefined;
  /** bytes; `undefined` when the request does not say */
  readonly contentLength?: number | undefined;
  /** The whole body as it was sent. Asked for only by schemes that sign it, after everything cheaper has been checked. */
  body(): Promise<Uint8Array>;
}
