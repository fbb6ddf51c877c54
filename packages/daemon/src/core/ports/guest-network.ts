/** What a guest is told of its network. */

export interface GuestNetwork {
  readonly interface: string;
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
  readonly dns: readonly string[];
  /** what its network card is to be called; `undefined` leaves it */
  readonly mac?: string | undefined;
  /** beside IPv4, where the host has it */
  readonly ipv6?: GuestIpv6;
}

export interface GuestIpv6 {
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
}
