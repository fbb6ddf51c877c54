/** What the operator of a node has decided, as one frozen value. Where it comes from is `config/`'s: `ALEPH_VM_*` variables. */

export interface AlephSettings {
  readonly listen: { readonly address: string; readonly port: number };
  /** the name that clients sign for; exact, without a port */
  readonly domainName: string;
  /** further names that clients may sign for */
  readonly extraDomains: readonly string[];
  /** directories, absolute: the local store of messages, the node's own files, and those of VMs */
  readonly storeDir: string;
  readonly executionRoot: string;
  readonly cacheRoot: string;
  /** whether nothing is asked of the network */
  readonly offline: boolean;
  readonly apiServer: string;
  readonly ipfsGateway: string;
  readonly nodeHash: string | undefined;
  readonly auth: AuthSettings;
  readonly admission: AdmissionSettings;
  readonly network: NetworkSettings;
  readonly payment: PaymentSettings;
  readonly confidential: ConfidentialSettings;
  readonly gpus: "on" | "off";
  readonly haproxy: HaproxySettings;
  readonly status: StatusSettings;
  readonly backup: { readonly directory: string; readonly maxRestoreUploadBytes: number };
  readonly programs: { readonly reuseTimeoutS: number; readonly drainTimeoutS: number };
  /** bytes of the reference's accidents, for comparisons */
  readonly strictReference: boolean;
  /** every setting by its name without the prefix, as `GET /about/config` shows it; secrets are left out */
  readonly shown: Readonly<Record<string, unknown>>;
}

export interface AuthSettings {
  /** hexadecimal SHA-256 of the allocation token; `undefined`: there is no token */
  readonly allocationTokenHash: string | undefined;
  /** checksummed addresses; empty: nobody signs allocations */
  readonly allocationSigners: readonly string[];
  readonly allocationSignatureMaxAgeS: number;
  /** whether `notify` and `update` need no credentials, as the network's own clients send none there */
  readonly openNotify: boolean;
  /** whether a signed operation counts once only */
  readonly operationsOnce: boolean;
  /** how long an owner's delegations are remembered, in seconds */
  readonly delegationTtlS: number;
}

export interface AdmissionSettings {
  readonly hostMemoryReservedMiB: number;
  readonly programMemoryReservedMiB: number;
  readonly vcpuOvercommit: number;
  /** the smallest number of a VM */
  readonly startIdIndex: number;
}

export interface NetworkSettings {
  /** device that leads to the world; `undefined`: that of the default route */
  readonly externalInterface: string | undefined;
  readonly ipv4Pool: string;
  readonly ipv4Prefix: number;
  readonly ipv6Pool: string;
  readonly ipv6Policy: "static" | "dynamic";
  readonly ipv6Prefix: number;
  /** name servers of guests; empty: the host's */
  readonly dns: readonly string[];
  /** the address that listings show as the host's; `undefined`: found on the external device */
  readonly hostIpv4: string | undefined;
  /** whether the host answers neighbours' questions for its VMs' addresses */
  readonly ndpProxy: boolean;
}

export interface PaymentSettings {
  /** `none`: whatever a message says of payment is accepted; `local`: by the store's ledger; `network`: as the network says */
  readonly mode: "none" | "local" | "network";
  readonly receiverAddress: string | undefined;
}

export interface ConfidentialSettings {
  /** `sev` only where the host has it; `simulated` protects nobody from anything and is for development */
  readonly backend: "off" | "sev" | "simulated";
  /** where platform certificates are kept */
  readonly directory: string;
  readonly sessionDirectory: string;
  readonly sevctlPath: string;
  /** whether session files of a wrong size are refused at once */
  readonly checkSessionSizes: boolean;
}

export interface HaproxySettings {
  readonly enabled: boolean;
  readonly socket: string;
  /** of this host: HTTP, TLS, and SSH in TLS */
  readonly ports: { readonly http: number; readonly https: number; readonly ssh: number };
  readonly domainServiceUrl: string | undefined;
  readonly resyncIntervalS: number;
}

export interface StatusSettings {
  readonly connectivityIpv4Url: string;
  readonly connectivityIpv6Url: string;
  readonly connectivityDnsHostname: string;
  readonly connectivityHttpUrls: readonly string[];
  readonly checkFastapiVmId: string;
  readonly legacyCheckFastapiVmId: string;
}
