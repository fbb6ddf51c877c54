/**
 * `client.aleph`: the host's node of the Aleph network, for the operator of the host. What belongs to others' wallets
 * is shown and done only after a sign-in with the node's own token; a browser keeps the cookie of it.
 *
 * Answers have the API's own words: a message's content must not be changed.
 */

import type {
  AlephAction,
  AlephCheck,
  AlephConfig,
  AlephDone,
  AlephExecution,
  AlephExecutionDetails,
  AlephNode,
  AlephUsage,
} from "../aleph-shapes.ts";

import { ask, askJson, jsonRequest } from "../answer-text.ts";
import { isObject } from "../errors.ts";
import { urlPath } from "../query.ts";
import { asResource, asResources, type Resource, resource } from "../resource.ts";
import type { Wire } from "../wire.ts";
import { type CallOptions, signalOf } from "./call.ts";

const NODE: Resource<AlephNode> = {
  what: "account of an Aleph node",
  matches: (value): value is AlephNode => isObject(value) && typeof value["on"] === "boolean",
};

const USAGE: Resource<AlephUsage> = resource<AlephUsage>("use of an Aleph node", {
  load: "list?",
  memory: "object",
  disk: "object",
  cpu: "object",
  gpus: "list?",
});

const FACTS = {
  hash: "string",
  type: "string",
  state: "string",
  running: "boolean",
  awaiting_confidential_init: "boolean",
  times: "object",
  network: "object",
  ports: "list?",
  vcpus: "number",
  memory_bytes: "number",
} as const;

const EXECUTION: Resource<AlephExecution> = resource<AlephExecution>("execution", FACTS);

const DETAILS: Resource<AlephExecutionDetails> = resource<AlephExecutionDetails>("execution", {
  ...FACTS,
  uuid: "string",
  owner: "string",
  sender: "string",
  persistent: "boolean",
  expires_at: "string?",
  reason: "string?",
  task: "string?",
  ended: "string?",
  payment: "object",
  confidential: "string?",
  gpus: "strings",
  message: "object",
  original: "object",
  history: "list?",
  log: "list?",
  actions: "strings",
});

const CHECK: Resource<AlephCheck> = resource<AlephCheck>("check of an Aleph node", {
  well: "boolean",
  results: "list?",
});

const CONFIG: Resource<AlephConfig> = { what: "list of settings", matches: isObject };

const DONE: Resource<AlephDone> = resource<AlephDone>("answer", { done: "string" });

export class Aleph {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  /** Whether the host is a node, and where. */
  async node(options: CallOptions = {}): Promise<AlephNode> {
    return asResource(await this.#get("/v1/aleph", options), NODE);
  }

  /** @throws AlcoveApiError `aleph_off`, as everything below */
  async usage(options: CallOptions = {}): Promise<AlephUsage> {
    return asResource(await this.#get("/v1/aleph/usage", options), USAGE);
  }

  /** Those that are known, stopped ones too: what the node's public lists tell everybody. */
  async executions(options: CallOptions = {}): Promise<readonly AlephExecution[]> {
    return asResources(await this.#get("/v1/aleph/executions", options), EXECUTION);
  }

  /** Looks at the node itself; an answer is given again for half a minute. */
  async check(what: "host" | "ipv6" | "programs", options: CallOptions = {}): Promise<AlephCheck> {
    return asResource(await this.#get(urlPath`/v1/aleph/checks/${what}`, options), CHECK);
  }

  /** @param token of the file that `node()` names. @throws AlcoveApiError `unauthenticated` when it is another */
  async signIn(token: string, options: CallOptions = {}): Promise<void> {
    const request = jsonRequest("POST", "/v1/aleph/operator", { token });
    await ask(this.#wire, request, signalOf(options));
  }

  async signOut(options: CallOptions = {}): Promise<void> {
    await ask(this.#wire, { method: "DELETE", path: "/v1/aleph/operator" }, signalOf(options));
  }

  /** For the operator. @throws AlcoveApiError `execution_not_found` */
  async execution(hash: string, options: CallOptions = {}): Promise<AlephExecutionDetails> {
    return asResource(await this.#get(urlPath`/v1/aleph/executions/${hash}`, options), DETAILS);
  }

  /** For the operator: every setting by its name, secrets left out. */
  async config(options: CallOptions = {}): Promise<AlephConfig> {
    return asResource(await this.#get("/v1/aleph/config", options), CONFIG);
  }

  /** For the operator. Resolves when it is done; what has begun goes on when the caller leaves. */
  async act(hash: string, action: AlephAction, options: CallOptions = {}): Promise<AlephDone> {
    const path = urlPath`/v1/aleph/executions/${hash}/${action}`;
    return asResource(await askJson(this.#wire, { method: "POST", path }, signalOf(options)), DONE);
  }

  /** The OpenAPI document of the node's own API, which is served at its own port. */
  async document(options: CallOptions = {}): Promise<unknown> {
    return await this.#get("/v1/aleph/openapi.json", options);
  }

  async #get(path: string, options: CallOptions): Promise<unknown> {
    return await askJson(this.#wire, { method: "GET", path }, signalOf(options));
  }
}
