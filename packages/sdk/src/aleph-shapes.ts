/**
 * What a host tells of its node of the Aleph network, spelled out: the package that has the schemas is not published.
 * A test holds these to them. Sizes are in bytes, times as RFC 3339.
 */

/** Whether the host is a node, and where. */
export type AlephNode =
  | {
      on: false;
      /** how to make it one, for people */
      how_to: string;
    }
  | {
      on: true;
      /** where the node's own API listens */
      address: string;
      port: number;
      /** what clients sign for */
      domain: string;
      extra_domains: string[];
      version: string;
      /** whether nothing is asked of the network */
      offline: boolean;
      /** `none`, `local` or `network` */
      payment: string;
      /** `off`, `sev` or `simulated` */
      confidential: string;
      /** file on the host that has the operator's token; a new one with each daemon */
      login_token: string;
      /** whether this client is signed in as the node's operator */
      operator: boolean;
      executions: { known: number; running: number };
    };

export interface AlephUsage {
  /** of 1, 5 and 15 minutes */
  load: number[];
  memory: { total: number; available: number };
  /** what admission has left to give is available */
  disk: { total: number; available: number };
  cpu: {
    count: number;
    architecture: string;
    vendor: string;
    model: string;
    /** of confidential computing: `sev`, `sev_es`, `sev_snp` */
    features: string[];
    /** highest; 0: the host does not say */
    frequency_hz: number;
  };
  gpus: { model: string; pci_host: string; available: boolean }[];
}

/** What has not happened is absent. */
export interface AlephTimes {
  defined: string;
  preparing?: string;
  prepared?: string;
  starting?: string;
  started?: string;
  stopping?: string;
  stopped?: string;
}

/** What the node's public lists tell everybody. */
export interface AlephExecution {
  /** item hash of its message */
  hash: string;
  /** `instance`, `persistent_program` or `microvm` (a program that runs when it is called) */
  type: string;
  /** `defined`, `preparing`, `prepared`, `starting`, `awaiting confidential init`, `running`, `stopping` or `stopped` */
  state: string;
  running: boolean;
  awaiting_confidential_init: boolean;
  times: AlephTimes;
  network: {
    ipv4: string;
    ipv4_network: string;
    ipv6: string;
    ipv6_network: string;
    /** the host's address towards the world, where mapped ports are */
    host_ipv4: string;
  };
  ports: { vm_port: number; host_port: number; tcp: boolean; udp: boolean }[];
  vcpus: number;
  memory_bytes: number;
}

/** One line of the history: a VM that is allocated again gets another. */
export interface AlephRun {
  uuid: string;
  times: AlephTimes;
  /** `stopped`, `erased`, `expired` or `failed`; absent while it is wanted */
  ended?: string;
  vcpus: number;
  memory_bytes: number;
}

export interface AlephLogLine {
  at: string;
  stream: "stdout" | "stderr";
  text: string;
}

export type AlephAction = "stop" | "reboot" | "erase";

/** What only the node's operator sees. */
export interface AlephExecutionDetails extends AlephExecution {
  uuid: string;
  /** address of the wallet that it belongs to */
  owner: string;
  sender: string;
  /** kept running by the node until somebody stops it */
  persistent: boolean;
  /** when it will be stopped */
  expires_at?: string;
  /** why it does not run, for people */
  reason?: string;
  /** what has been begun and is not done yet */
  task?: string;
  ended?: string;
  payment: { type: string; chain?: string };
  /** `awaiting session`, `awaiting secret` or `released`; absent: it is not confidential */
  confidential?: string;
  /** addresses on the PCI bus */
  gpus: string[];
  /** content as it runs: refs resolved to the versions that were taken */
  message: Record<string, unknown>;
  /** content as published */
  original: Record<string, unknown>;
  /** newest first, as far back as is kept */
  history: AlephRun[];
  /** the last lines that are kept, oldest first; at most 200 */
  log: AlephLogLine[];
  /** what may be asked of it now */
  actions: AlephAction[];
}

/** Every setting by its name, secrets left out. */
export type AlephConfig = Record<string, unknown>;

export interface AlephCheck {
  well: boolean;
  results: { what: string; ok: boolean }[];
}

export interface AlephDone {
  done: "stopped" | "was not running" | "rebooted" | "started" | "erased";
}
