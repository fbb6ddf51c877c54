/**
 * What HAProxy is told when it starts. Which domain leads where is in maps that can be changed while it
 * runs, so this changes only with the node's settings.
 */

import path from "node:path";

/** a map for each kind of traffic, by the name that its back end has in the API */
export const BACKENDS = ["bk_http", "bk_ssl", "bk_ssh"] as const;
export type Backend = (typeof BACKENDS)[number];

const MAP_FILES: Readonly<Record<Backend, string>> = {
  bk_http: "http_domains.map",
  bk_ssl: "https_domains.map",
  bk_ssh: "ssh_domains.map",
};

/** ports of VMs that traffic of a kind goes to */
const VM_PORTS: Readonly<Record<Backend, number>> = { bk_http: 80, bk_ssl: 443, bk_ssh: 22 };

/** where a program that ends TLS for the node's own name may listen, on this host */
const NODE_TLS_PORT = 4443;
/** each takes two descriptors; a limit of 20,000 is a usual one */
const MAX_CONNECTIONS = 4_000;

export interface ProxyPorts {
  readonly http: number;
  readonly https: number;
  /** SSH in TLS, by the name that TLS is asked for */
  readonly ssh: number;
}

export interface ProxyPlan {
  /** absolute; holds all that is named below */
  readonly directory: string;
  /** absolute path of the admin socket */
  readonly socket: string;
  readonly ports: ProxyPorts;
  /** where requests go that are for no VM */
  readonly node: { readonly address: string; readonly port: number };
  /** account that it becomes; `undefined`: it stays who it is */
  readonly user: string | undefined;
}

export function mapPath({ directory }: Pick<ProxyPlan, "directory">, backend: Backend): string {
  return path.join(directory, MAP_FILES[backend]);
}

/** PEM of the key and certificate that SSH in TLS is taken with; SSH itself says who is at the other end */
export function certificatePath({ directory }: Pick<ProxyPlan, "directory">): string {
  return path.join(directory, "ssh.pem");
}

/** an empty directory, which is all of the file system that HAProxy sees */
export function emptyRootPath({ directory }: Pick<ProxyPlan, "directory">): string {
  return path.join(directory, "empty");
}

export function haproxyConfig(plan: ProxyPlan): string {
  const parts = [globalPart(plan), DEFAULTS, httpPart(plan), sslPart(plan), sshPart(plan)];
  return `# Written by Alcove: changes are lost.\n${parts.join("\n")}`;
}

function globalPart(plan: ProxyPlan): string {
  const { user } = plan;
  const account =
    user === undefined ? [] : [`user ${user}`, `group ${user}`, `chroot ${emptyRootPath(plan)}`];
  const lines = [
    `maxconn ${MAX_CONNECTIONS}`,
    `stats socket ${plan.socket} mode 600 level admin`,
    ...account,
  ];
  return `global\n${lines.map((line) => `    ${line}\n`).join("")}`;
}

const DEFAULTS = `defaults
    timeout connect 5s
    timeout client 5m
    timeout server 5m
    timeout tunnel 1h
    timeout http-request 30s
`;

function httpPart(plan: ProxyPlan): string {
  const address = addressFor(plan, "bk_http", "req.hdr(host),field(1,:)");
  return `frontend ft_http
    mode http
    bind :::${plan.ports.http} v4v6
    option forwardfor
    use_backend bk_http if { ${address} -m found }
    default_backend bk_node

backend bk_http
    mode http
    http-request set-dst ${address}
    server vm 0.0.0.0:${VM_PORTS.bk_http}

backend bk_node
    mode http
    server node ${reachable(plan.node)}
`;
}

/** A node that listens everywhere is reached over loopback. */
function reachable({ address, port }: ProxyPlan["node"]): string {
  if (address === "0.0.0.0") return `127.0.0.1:${port}`;
  if (address.includes(":")) return `[${address === "::" ? "::1" : address}]:${port}`;
  return `${address}:${port}`;
}

function sslPart(plan: ProxyPlan): string {
  const address = addressFor(plan, "bk_ssl", "req.ssl_sni");
  return `frontend ft_ssl
    mode tcp
    bind :::${plan.ports.https} v4v6
    tcp-request inspect-delay 5s
    tcp-request content accept if { req.ssl_hello_type 1 }
    use_backend bk_ssl if { ${address} -m found }
    default_backend bk_node_ssl

backend bk_ssl
    mode tcp
    tcp-request content set-dst ${address}
    server vm 0.0.0.0:${VM_PORTS.bk_ssl}

backend bk_node_ssl
    mode tcp
    server node 127.0.0.1:${NODE_TLS_PORT}
`;
}

function sshPart(plan: ProxyPlan): string {
  const address = addressFor(plan, "bk_ssh", "ssl_fc_sni");
  return `frontend ft_ssh
    mode tcp
    bind :::${plan.ports.ssh} v4v6 ssl crt ${certificatePath(plan)}
    use_backend bk_ssh if { ${address} -m found }

backend bk_ssh
    mode tcp
    tcp-request content set-dst ${address}
    server vm 0.0.0.0:${VM_PORTS.bk_ssh}
`;
}

/** @param name what in the traffic says which domain is meant */
function addressFor(plan: ProxyPlan, backend: Backend, name: string): string {
  return `${name},lower,map(${mapPath(plan, backend)})`;
}
