/** Hosts to test a client against. Only for tests. */

import http from "node:http";

import type { HostApi } from "../host-api.ts";
import { AlcoveClient } from "../node/alcove-client.ts";
import { type HostAddress, openHostApi } from "../node/open-host.ts";
import { FakeHost, type FakeHostOptions } from "./fake-host.ts";

/** A host with one VM, `vm-1`, and its API as it is. */
export async function withHost(
  options: FakeHostOptions,
  story: (api: HostApi<Buffer>, host: FakeHost) => Promise<void>,
): Promise<void> {
  await using host = await FakeHost.open(options);
  using api = openHostApi(addressOf(host, options));
  host.addVm("vm-1");
  await story(api, host);
}

/** A host with one VM, `vm-1`, and a client of it. */
export async function withClient(
  options: FakeHostOptions,
  story: (client: AlcoveClient, host: FakeHost) => Promise<void>,
): Promise<void> {
  await using host = await FakeHost.open(options);
  using client = new AlcoveClient(addressOf(host, options));
  host.addVm("vm-1");
  await story(client, host);
}

function addressOf(host: FakeHost, { token }: FakeHostOptions): HostAddress {
  return { baseURL: host.url, ...(token === undefined ? {} : { token }) };
}

/** A server that answers everything in one way. */
export async function rawServer(
  answer: http.RequestListener,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = http.createServer(answer);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
