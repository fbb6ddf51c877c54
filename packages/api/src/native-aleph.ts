/** A node of the Aleph network, for the operator of its host: `/v1/aleph`. */

import { type Static, Type } from "typebox";

/** Whether this host is a node, and where; needs no more than the daemon's token. */
export const AlephNode = Type.Union([
  Type.Object({
    on: Type.Literal(false),
    /** how to make it one, for people */
    how_to: Type.String(),
  }),
  Type.Object({
    on: Type.Literal(true),
    /** where the node's own API listens */
    address: Type.String(),
    port: Type.Integer(),
    /** what clients sign for */
    domain: Type.String(),
    extra_domains: Type.Array(Type.String()),
    /** as PEP 440 has it */
    version: Type.String(),
    /** whether nothing is asked of the network */
    offline: Type.Boolean(),
    /** `none`, `local` or `network` */
    payment: Type.String(),
    /** `off`, `sev` or `simulated` */
    confidential: Type.String(),
    /** file on this host that has the operator's token; a new one with each daemon */
    login_token: Type.String(),
    /** whether this request came with the operator's cookie */
    operator: Type.Boolean(),
    executions: Type.Object({ known: Type.Integer(), running: Type.Integer() }),
  }),
]);
export type AlephNode = Static<typeof AlephNode>;

const Amount = Type.Object({ total: Type.Integer(), available: Type.Integer() });

/** What the node has, as it tells everybody. */
export const AlephUsage = Type.Object({
  /** of 1, 5 and 15 minutes */
  load: Type.Array(Type.Number()),
  /** bytes */
  memory: Amount,
  /** bytes; what admission has left to give is available */
  disk: Amount,
  cpu: Type.Object({
    count: Type.Integer(),
    architecture: Type.String(),
    vendor: Type.String(),
    model: Type.String(),
    /** of confidential computing: `sev`, `sev_es`, `sev_snp` */
    features: Type.Array(Type.String()),
    /** highest; 0: the host does not say */
    frequency_hz: Type.Number(),
  }),
  gpus: Type.Array(
    Type.Object({ model: Type.String(), pci_host: Type.String(), available: Type.Boolean() }),
  ),
});
export type AlephUsage = Static<typeof AlephUsage>;

/** RFC 3339; what has not happened is absent */
const Times = Type.Object({
  defined: Type.String(),
  preparing: Type.Optional(Type.String()),
  prepared: Type.Optional(Type.String()),
  starting: Type.Optional(Type.String()),
  started: Type.Optional(Type.String()),
  stopping: Type.Optional(Type.String()),
  stopped: Type.Optional(Type.String()),
});

const EXECUTION = {
  /** item hash of its message */
  hash: Type.String(),
  /** `instance`, `persistent_program` or `microvm` (a program that runs when it is called) */
  type: Type.String(),
  /** `defined`, `preparing`, `prepared`, `starting`, `awaiting confidential init`, `running`, `stopping` or `stopped` */
  state: Type.String(),
  running: Type.Boolean(),
  /** whether its owner has to send a session before it can be started */
  awaiting_confidential_init: Type.Boolean(),
  times: Times,
  network: Type.Object({
    ipv4: Type.String(),
    ipv4_network: Type.String(),
    ipv6: Type.String(),
    ipv6_network: Type.String(),
    /** the host's address towards the world, where mapped ports are */
    host_ipv4: Type.String(),
  }),
  ports: Type.Array(
    Type.Object({
      vm_port: Type.Integer(),
      host_port: Type.Integer(),
      tcp: Type.Boolean(),
      udp: Type.Boolean(),
    }),
  ),
  vcpus: Type.Integer(),
  memory_bytes: Type.Integer(),
};

/** What the node's public lists tell everybody. */
export const AlephExecution = Type.Object(EXECUTION);
export type AlephExecution = Static<typeof AlephExecution>;

/** One line of the history: a VM that is allocated again gets another. */
export const AlephRun = Type.Object({
  uuid: Type.String(),
  times: Times,
  /** `stopped`, `erased`, `expired` or `failed`; absent while it is wanted */
  ended: Type.Optional(Type.String()),
  vcpus: Type.Integer(),
  memory_bytes: Type.Integer(),
});
export type AlephRun = Static<typeof AlephRun>;

export const AlephLogLine = Type.Object({
  /** RFC 3339 */
  at: Type.String(),
  stream: Type.Union([Type.Literal("stdout"), Type.Literal("stderr")]),
  text: Type.String(),
});
export type AlephLogLine = Static<typeof AlephLogLine>;

export const AlephAction = Type.Union([
  Type.Literal("stop"),
  Type.Literal("reboot"),
  Type.Literal("erase"),
]);
export type AlephAction = Static<typeof AlephAction>;

/** What only the node's operator sees. */
export const AlephExecutionDetails = Type.Object({
  ...EXECUTION,
  uuid: Type.String(),
  /** address of the wallet that it belongs to */
  owner: Type.String(),
  sender: Type.String(),
  /** kept running by the node until somebody stops it */
  persistent: Type.Boolean(),
  /** RFC 3339: when it will be stopped */
  expires_at: Type.Optional(Type.String()),
  /** why it does not run, for people */
  reason: Type.Optional(Type.String()),
  /** what has been begun and is not done yet */
  task: Type.Optional(Type.String()),
  ended: Type.Optional(Type.String()),
  payment: Type.Object({ type: Type.String(), chain: Type.Optional(Type.String()) }),
  /** `awaiting session`, `awaiting secret` or `released`; absent: it is not confidential */
  confidential: Type.Optional(Type.String()),
  /** addresses on the PCI bus */
  gpus: Type.Array(Type.String()),
  /** content as it runs: refs resolved to the versions that were taken */
  message: Type.Record(Type.String(), Type.Unknown()),
  /** content as published */
  original: Type.Record(Type.String(), Type.Unknown()),
  /** newest first, this execution's too, as far back as is kept */
  history: Type.Array(AlephRun),
  /** the last lines that are kept, oldest first; at most 200 */
  log: Type.Array(AlephLogLine),
  /** what may be asked of it now */
  actions: Type.Array(AlephAction),
});
export type AlephExecutionDetails = Static<typeof AlephExecutionDetails>;

/** Every setting by its name, secrets left out. */
export const AlephConfig = Type.Record(Type.String(), Type.Unknown());
export type AlephConfig = Static<typeof AlephConfig>;

export const AlephCheck = Type.Object({
  well: Type.Boolean(),
  results: Type.Array(Type.Object({ what: Type.String(), ok: Type.Boolean() })),
});
export type AlephCheck = Static<typeof AlephCheck>;

export const AlephSignIn = Type.Object({ token: Type.String({ maxLength: 1_024 }) });
export type AlephSignIn = Static<typeof AlephSignIn>;

export const AlephDone = Type.Object({
  done: Type.Union([
    Type.Literal("stopped"),
    Type.Literal("was not running"),
    Type.Literal("rebooted"),
    Type.Literal("started"),
    Type.Literal("erased"),
  ]),
});
export type AlephDone = Static<typeof AlephDone>;
