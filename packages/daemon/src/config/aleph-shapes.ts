/** What texts of an Aleph node's settings may look like, each with its words for people. */

export type Shape = readonly [RegExp, string];

export const DOMAIN: Shape = [/^[A-Za-z0-9._:[\]-]+$/, "a host name without a port"];
export const HTTP_URL: Shape = [/^https?:\/\/\S+$/, "an http or https URL"];
export const HASH: Shape = [/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits"];
export const CIDR4: Shape = [
  /^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/,
  "an IPv4 network such as 172.16.0.0/12",
];
export const CIDR6: Shape = [/^[0-9A-Fa-f:]+\/(?:56|64)$/, "an IPv6 network of /56 or /64"];
export const IPV4: Shape = [/^\d{1,3}(?:\.\d{1,3}){3}$/, "an IPv4 address"];
export const DEVICE: Shape = [/^[^\s/]{1,15}$/, "the name of a network device"];
