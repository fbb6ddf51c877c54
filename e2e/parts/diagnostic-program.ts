/**
 * The network's diagnostic program as a node knows it: it answers each check, connects to the world, counts, and fails
 * where it is to fail.
 */

import type { JsonObject } from "../harness/json-value.ts";

/** In Perl, which every Debian has. `/slow` takes three seconds. */
export const DIAGNOSTIC_PROGRAM = String.raw`#!/usr/bin/perl
use strict; use IO::Socket::INET; use IO::Socket::IP; use Socket qw(AF_INET AF_INET6);
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}, Listen => 64, ReuseAddr => 1) or die $!;
my $count = 0; my %cache;
my @environ = qw(ALEPH_API_HOST ALEPH_API_UNIX_SOCKET ALEPH_REMOTE_CRYPTO_HOST ALEPH_REMOTE_CRYPTO_UNIX_SOCKET ALEPH_ADDRESS_TO_USE);
my %fixed = (
  '/' => '{"Example": "example_fastapi"}',
  '/environ' => '{' . join(', ', map { "\"$_\": \"there\"" } @environ) . '}',
  '/messages' => '{"Messages": {"messages": [{"item_hash": "' . 'ab' x 32 . '"}]}}',
  '/dns' => '{"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}',
  '/get_a_message' => '{"item_hash": "' . 'cd' x 32 . '"}', '/lifespan' => '{"Lifespan": true}',
);
sub reaches { my ($family, $host) = @_;
  my $s = IO::Socket::IP->new(Family => $family, PeerHost => $host, PeerPort => $ENV{WORLD_PORT}, Timeout => 5) or return 'false'; close $s; 'true' }
while (my $c = $listener->accept) {
  my $first = <$c>; next unless defined $first;
  my ($method, $path) = split / /, $first;
  while (my $l = <$c>) { $l =~ s/\r?\n//; last if $l eq '' }
  my ($status, $body) = ('200 OK', $fixed{$path});
  if ($path =~ m{^/cache/set/(\w+)/(\w+)$}) { $cache{$1} = $2; $body = 'true' }
  elsif ($path =~ m{^/cache/get/(\w+)$}) { $body = "\"$cache{$1}\"" }
  elsif ($path eq '/cache/keys') { $body = '[' . join(', ', map { "\"$_\"" } sort keys %cache) . ']' }
  elsif ($path eq '/state/increment') { $count++; $body = "{\"result\": true, \"counter\": $count}" }
  elsif ($path eq '/ip/4') { $body = '{"result": ' . reaches(AF_INET, $ENV{WORLD4}) . '}' }
  elsif ($path eq '/ip/6') { $body = '{"result": ' . reaches(AF_INET6, $ENV{WORLD6}) . '}' }
  elsif ($path eq '/internet') { $body = '{"result": ' . (reaches(AF_INET, $ENV{WORLD4}) eq 'true' ? 200 : 503) . '}' }
  elsif ($path eq '/raise') { ($status, $body) = ('500 Raised', "Traceback (most recent call last)\n") }
  elsif ($path eq '/slow') { sleep 3; $body = '"slept"' }
  elsif (!defined $body) { ($status, $body) = ('404 Not Found', '{}') }
  print $c "HTTP/1.1 $status\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
  close $c;
}
`;

/** in the node's store: a root file system, and the program */
export interface DiagnosticRefs {
  readonly runtime: string;
  readonly code: string;
}

/** The program's message. @param world one address of each family, and a port that they listen at */
export function diagnosticProgram(
  owner: string,
  refs: DiagnosticRefs,
  world: readonly [ipv4: string, ipv6: string, port: number],
): JsonObject {
  const [ipv4, ipv6, port] = world;
  return {
    address: owner,
    time: Date.now() / 1000,
    allow_amend: false,
    type: "vm-function",
    environment: { reproducible: false, internet: true, aleph_api: false, shared_cache: false },
    resources: { vcpus: 1, memory: 256, seconds: 10 },
    code: {
      encoding: "plain",
      entrypoint: "serve",
      ref: refs.code,
      interface: "binary",
      use_latest: false,
    },
    runtime: { ref: refs.runtime, use_latest: false, comment: "base" },
    variables: { WORLD4: ipv4, WORLD6: ipv6, WORLD_PORT: String(port) },
    volumes: [],
    on: { http: true, persistent: false },
  };
}
