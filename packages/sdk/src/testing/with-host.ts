/** Hosts to test a client against. Only for tests. */

import http from "node:http";

import { AlcoveClient } from "../client.ts";
import { FakeHost, type FakeHostOptions } from "./fake-host.ts";

/** A host with one VM, `vm-1`, and a client of it. */
export async function withHost(
  options: FakeHostOptions,
  story: (client: AlcoveClient, host: FakeHost) => Promise<void>,
): Promise<void> {
  await using host = await FakeHost.open(options);
  const { token } = options;
  using client = new AlcoveClient({ url: host.url, ...(token === undefined ? {} : { token }) });
  host.addVm("vm-1");
  await story(client, host);
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
