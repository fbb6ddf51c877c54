/** All stories of routed networks, to be run where nothing else is (harness/own-network.ts): one stage, in this order. */

await import("./routed-reach.ts");
await import("./routed-ports.ts");
