/** How busy this host is, read afresh at each call. */
export interface HostMeter {
  read(): Promise<HostReading>;
}

export interface HostReading {
  /** processes that want to run, averaged over 1, 5 and 15 minutes */
  readonly loadAverages: readonly [one: number, five: number, fifteen: number];
  readonly openFiles: number;
  /** TCP connections that are established */
  readonly openConnections: number;
  /** `undefined` when no network adapter leads out of this host */
  readonly egress: Egress | undefined;
}

/** The network adapter that leads out of this host. */
export interface Egress {
  readonly adapter: string;
  /** bytes since the adapter came up */
  readonly sentBytes: number;
  /** bytes since the adapter came up */
  readonly receivedBytes: number;
}
