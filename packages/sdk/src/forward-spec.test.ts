import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { parseForwardSpec, parseUpstream } from "./forward-spec.ts";
import { AlcoveInputError } from "./input-error.ts";

/** written, where it listens, what it dials */
const FORMS: readonly (readonly [string, string, string])[] = [
  ["127.0.0.1:80", "127.0.0.1:80", "127.0.0.1:80"],
  ["8080:127.0.0.1:80", "127.0.0.1:8080", "127.0.0.1:80"],
  ["0.0.0.0:0:localhost:80", "0.0.0.0:0", "localhost:80"],
  ["127.0.0.1:8080:10.0.0.5:80", "127.0.0.1:8080", "10.0.0.5:80"],
  ["[::1]:8080:[::1]:80", "::1:8080", "[::1]:80"],
  ["2375:/var/run/docker.sock", "127.0.0.1:2375", "unix:/var/run/docker.sock"],
  ["0.0.0.0:2375:/run/d.sock", "0.0.0.0:2375", "unix:/run/d.sock"],
  ["/tmp/a.sock:/run/b.sock", "/tmp/a.sock", "unix:/run/b.sock"],
  ["/tmp/a.sock:127.0.0.1:80", "/tmp/a.sock", "127.0.0.1:80"],
];

test("forward specs: every form that Slicer's clients read", () => {
  const read = FORMS.map(([text]) => {
    const { local, upstream } = parseForwardSpec(text);
    return [text, local.kind === "unix" ? local.path : `${local.host}:${local.port}`, upstream];
  });
  assert.deepEqual(read, FORMS);
});

test("forward specs: what is none is refused in words", () => {
  for (const text of [
    "",
    "80",
    ":80",
    "a:b",
    "a:70000",
    "x:0",
    "1:2:3:4:5",
    "/a",
    "a b:80",
    "h:",
  ]) {
    assert.throws(() => parseForwardSpec(text), AlcoveInputError, text);
  }
});

test("forward specs: any text is read or refused, and never becomes two header lines", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
      try {
        assert.doesNotMatch(parseForwardSpec(`1:/${text}`).upstream, /[\r\n\0]/);
      } catch (error) {
        assert.ok(error instanceof AlcoveInputError);
      }
    }),
  );
});

test("upstreams: host:port, or a socket with or without its scheme", () => {
  assert.equal(parseUpstream("localhost:80"), "localhost:80");
  assert.equal(parseUpstream("/run/x.sock"), "unix:/run/x.sock");
  assert.equal(parseUpstream("unix:/run/x.sock"), "unix:/run/x.sock");
  for (const text of ["80", "localhost", "unix:x", "a:0"]) {
    assert.throws(() => parseUpstream(text), AlcoveInputError, text);
  }
});
