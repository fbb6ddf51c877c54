/** The port to what measures a confidential guest and lets its secret in: the processor, or a program that plays it. */

export interface ConfidentialBackend {
  /** `simulated`: the whole protocol, and no protection at all */
  readonly kind: "sev" | "simulated";

  /** @returns PDH, PEK, OCA and CEK as sevctl exports them: 8336 bytes. @throws Refusal `failed` */
  certificates(signal: AbortSignal): Promise<Uint8Array>;

  /**
   * Whether the session is one for this platform and this policy, before anything is started.
   * @throws Refusal `bad request` where that can be seen already
   */
  check(launch: LaunchFiles, policy: number): void;

  /**
   * Keeps the session of a VM and says how its machines are to be made; nothing in the plan is secret. Each machine is
   * a launch of its own, with a measurement of its own.
   * @throws Refusal `bad request` for a session that is none, or when there is none; `failed` for a firmware of no use
   */
  planFor(order: LaunchOrder, signal: AbortSignal): Promise<ConfidentialPlan>;

  /** Forgets the session of a VM that is erased. Harmless when there is none. */
  forget(vmHash: string): Promise<void>;
}

export interface LaunchOrder {
  /** 64 hexadecimal digits */
  readonly vmHash: string;
  /** `undefined` takes those that were kept the last time */
  readonly launch: LaunchFiles | undefined;
  readonly policy: number;
  /** absolute path of the firmware image */
  readonly firmwarePath: string;
}

/** base64 texts as the owner sent them */
export interface LaunchFiles {
  readonly session: string;
  readonly godh: string;
}

/** How a driver makes a confidential machine; its processors stand still until the secret is in. */
export type ConfidentialPlan =
  | {
      readonly kind: "sev";
      readonly policy: number;
      readonly firmwarePath: string;
      readonly sessionPath: string;
      readonly godhPath: string;
      /** place of the C bit, and by how many bits addresses get shorter */
      readonly cbitpos: number;
      readonly reducedPhysBits: number;
    }
  | {
      readonly kind: "simulated";
      readonly policy: number;
      readonly firmwarePath: string;
      /** where the guest will find the secret: a read-only disk of its own, in the machine's runtime directory */
      readonly secretDiskBytes: number;
      /** file with the session's keys, as `formatKeys` writes them: for nobody but the daemon */
      readonly keysPath: string;
    };

/** What a running confidential machine can be asked. Source of names and states: QEMU's QMP. */
export interface SevInfo {
  readonly enabled: boolean;
  readonly apiMajor: number;
  readonly apiMinor: number;
  readonly buildId: number;
  readonly policy: number;
  readonly state:
    | "uninit"
    | "launch-update"
    | "launch-secret"
    | "running"
    | "send-update"
    | "receive-update";
  readonly handle: number;
}

export interface Measurement {
  readonly info: SevInfo;
  /** base64 of measure (32 bytes) and nonce (16 bytes) */
  readonly launchMeasure: string;
}

/** QMP's `query-status` */
export interface RunStatus {
  readonly status: string;
  readonly singlestep: boolean;
  readonly running: boolean;
}

/** A secret for a guest, encrypted by its owner; base64 both. */
export interface SealedSecret {
  readonly packetHeader: string;
  readonly secret: string;
}

/** What can be done with one confidential machine, by the hash of its VM. */
export interface ConfidentialMachines {
  /** @throws Refusal `forbidden` "Operation not running" without a machine, `failed` when it does not answer */
  measure(vmHash: string, signal: AbortSignal): Promise<Measurement>;
  /** Lets the secret in and the processors run. @throws Refusal `failed` when the packet does not fit; then nothing has changed */
  inject(vmHash: string, sealed: SealedSecret, signal: AbortSignal): Promise<RunStatus>;
}
