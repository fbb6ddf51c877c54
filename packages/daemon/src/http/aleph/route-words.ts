/** What every route of an Aleph node does, in a line: the material of its OpenAPI document. */

export interface RouteWords {
  readonly summary: string;
  /** query parameters, by name */
  readonly query?: Readonly<Record<string, string>>;
  /** what the body is, where there is one */
  readonly body?: string;
}

const REF = "/control/machine/:ref";
const STORE = "/local/v0";

/** Keyed as `GET /about/config`. */
export const ROUTE_WORDS: Readonly<Record<string, RouteWords>> = {
  "GET /about/login": {
    summary: "Sign in as the node's operator: sets a cookie",
    query: { token: "of the file login_token" },
  },
  "GET /about/executions/list": { summary: "What runs: networks only" },
  "GET /v2/about/executions/list": {
    summary: "What runs: addresses, mapped ports and times",
    query: { all: "`true`: stopped ones, too" },
  },
  "GET /about/executions/details": {
    summary: "What runs, with messages and records",
    query: { ref: "only this one, by its item hash" },
  },
  "GET /about/executions/records": {
    summary: "The history of executions, newest first",
    query: { active: "`true`: only what is wanted now" },
  },
  "GET /about/usage/system": { summary: "Use of processors, memory, disk and GPUs" },
  "GET /about/certificates": { summary: "The platform's certificates for confidential computing" },
  "GET /about/capability": { summary: "What the hardware is" },
  "GET /about/config": { summary: "Every setting; secrets are left out" },
  "GET /debug/haproxy": { summary: "What the proxy in front of VMs' domains does" },
  "GET /status/check/fastapi": {
    summary: "Whether the diagnostic program works",
    query: { "retro-compatibility": "`true`: without checks that old clients do not know" },
  },
  "GET /status/check/fastapi/legacy": { summary: "The same with an older program" },
  "GET /status/check/host": { summary: "Whether the host reaches the network" },
  "GET /status/check/version": {
    summary: "The node's version, or whether it is at least another",
    query: { reference: "the version to compare with" },
  },
  "GET /status/check/ipv6": { summary: "Whether host and VMs reach the network over IPv6" },
  "GET /status/config": { summary: "How the node is set up: nothing secret" },
  "POST /control/allocation/notify": {
    summary: "Start an instance that its owner has published",
    body: '`{"instance": hash}`, and the message itself if the node cannot know it',
  },
  "POST /control/reserve_resources": {
    summary: "Keep room for an instance for a minute",
    body: "The content of the instance's message",
  },
  "POST /control/allocations": {
    summary: "Run what is wanted and nothing else",
    body: '`{"persistent_vms": [hash], "instances": [hash]}`',
  },
  "POST /control/network/recreate": { summary: "Make the host's rules for VMs anew" },
  "POST /control/proxy/regenerate": { summary: "Make the proxy's configuration anew" },
  [`POST ${REF}/update`]: {
    summary: "Read the owner's wishes for ports again",
    body: '`{"ports": {"80": {"tcp": true, "udp": false}}}`, or nothing',
  },
  "POST /control/:ref/update": {
    summary: "Read the owner's wishes for ports again, where the Python client asks for it",
    body: '`{"ports": {"80": {"tcp": true, "udp": false}}}`, or nothing',
  },
  [`POST ${REF}/expire`]: {
    summary: "Stop it after a while",
    query: { timeout: "in seconds; 5 without" },
  },
  [`POST ${REF}/stop`]: { summary: "Stop it; its disks stay" },
  [`POST ${REF}/erase`]: { summary: "Stop it and remove its disks, logs and ports" },
  [`POST ${REF}/reboot`]: {
    summary: "A new machine on the same disks; starts one that is stopped",
  },
  [`POST ${REF}/reinstall`]: {
    summary: "Begin anew from the parent image",
    query: { erase_volumes: "`false`: volumes stay" },
  },
  [`GET ${REF}/logs`]: { summary: "All that is kept of what it has said" },
  [`GET ${REF}/stream_logs`]: { summary: "What it says, as it comes: over a WebSocket or HTTP" },
  [`POST ${REF}/backup`]: {
    summary: "Make a backup of its disks",
    query: {
      include_volumes: "`true`: volumes, too",
      skip_fsfreeze: "`true`: do not ask the guest to settle its file systems",
    },
  },
  [`GET ${REF}/backup`]: { summary: "Its backup, with a link to download it" },
  [`GET ${REF}/backup/:backupId`]: {
    summary: "Download a backup",
    query: { signature: "of the link", expires: "of the link: seconds since 1970" },
  },
  [`DELETE ${REF}/backup/:backupId`]: { summary: "Remove a backup" },
  [`POST ${REF}/restore`]: {
    summary: "Put a disk in the place of its own",
    body: 'A disk as a form\'s file, or `{"volume_ref": hash}`',
  },
  [`POST ${REF}/confidential/initialize`]: {
    summary: "Start a confidential VM with its owner's session",
    body: "A form with `session` and `godh`",
  },
  [`GET ${REF}/confidential/measurement`]: { summary: "What its owner checks before the secret" },
  [`POST ${REF}/confidential/inject_secret`]: {
    summary: "Put the owner's secret in, and let it run",
    body: '`{"packet_header": base64, "secret": base64}`',
  },
  [`PUT ${STORE}/messages/:hash`]: {
    summary: "Put a message into the store",
    body: "A message, or its content",
  },
  [`GET ${STORE}/messages/:hash`]: { summary: "A message of the store" },
  [`PUT ${STORE}/files/:hash`]: { summary: "Put a file into the store", body: "The file's bytes" },
  [`GET ${STORE}/files/:hash`]: { summary: "A file of the store" },
  [`PUT ${STORE}/aggregates/:address/:key`]: {
    summary: "Put an aggregate into the store",
    body: "An object",
  },
  [`GET ${STORE}/aggregates/:address/:key`]: { summary: "An aggregate of the store" },
  "GET /api/v0/messages.json": {
    summary: "Messages, as the network's API servers answer",
    query: { hashes: "item hashes, with commas between them" },
  },
  "GET /api/v0/messages/:hash": { summary: "One message, as the network's API servers answer" },
  "GET /api/v0/aggregates/:address": {
    summary: "Aggregates of an address, which ends in `.json`",
    query: { keys: "with commas between them" },
  },
  "GET /api/v0/storage/raw/:hash": { summary: "A file's bytes" },
  "GET /api/v0/price/:hash": { summary: "What a message costs" },
  "GET /api/v0/addresses/:address/balance": { summary: "What an address has" },
};
