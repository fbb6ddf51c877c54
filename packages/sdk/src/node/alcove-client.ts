/** The client for programs that run in Node. */

import { env as processEnv } from "node:process";

import { Client } from "../client/client.ts";
import { type Environment, addressIn } from "./environment.ts";
import { type HostAddress, openWire } from "./open-host.ts";
import { NodeVm } from "./vm.ts";

export class AlcoveClient extends Client<Buffer, NodeVm> {
  /** @throws AlcoveInputError for a URL that is none */
  constructor(address: HostAddress) {
    const wire = openWire(address);
    super(wire, (api, facts) => new NodeVm(wire, api, facts));
  }

  /**
   * The host that `ALCOVE_URL` and `ALCOVE_TOKEN` (or `ALCOVE_TOKEN_FILE`) name, else the same with
   * `SLICER_`, else `http://127.0.0.1:8080`.
   */
  static fromEnv(env: Environment = processEnv): AlcoveClient {
    return new AlcoveClient(addressIn(env));
  }
}
