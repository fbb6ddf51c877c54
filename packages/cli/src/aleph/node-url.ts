/** What of a URL is signed: the name of the node, and the path on it. */

/** @returns lower case, without the port; an IPv6 address without its brackets */
export function nameOf(node: URL): string {
  return node.hostname.replace(/^\[(.*)\]$/, "$1");
}

/** @returns without the query, and with nothing percent-encoded */
export function pathOf(url: URL): string {
  return decodeURIComponent(url.pathname);
}
