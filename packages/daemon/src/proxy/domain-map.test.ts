import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { namesIn } from "./domain-list.ts";
import {
  formatMap,
  isSameMap,
  preparedVersion,
  replacingCommands,
  shownMap,
  statRows,
} from "./domain-map.ts";

const VM = "decadeca".repeat(8);

describe("domains", () => {
  test("a map is one text however it was made, and holds nothing that is no domain", () => {
    const map = new Map([
      ["b.example.org", "172.16.4.2"],
      ["a.example.org", "172.16.5.2"],
      ["evil\nadd map x", "172.16.5.2"],
      ["evil.example.org", "1.2.3.4; shutdown"],
    ]);
    assert.equal(formatMap(map), "a.example.org 172.16.5.2\nb.example.org 172.16.4.2\n");
    assert.deepEqual(replacingCommands("/m", "3", new Map([["a.b", "172.16.4.2"]])), [
      "add map @3 /m a.b 172.16.4.2",
      "commit map @3 /m",
    ]);
  });

  test("what HAProxy shows is read back, and its refusals are errors", () => {
    const shown = shownMap("0x55d0c8 a.example.org 172.16.5.2\n0x55d0d8 b.c 172.16.4.2\n\n");
    assert.deepEqual([...shown.keys()], ["a.example.org", "b.c"]);
    assert.ok(isSameMap(shown, new Map([...shown].toReversed())));
    assert.equal(preparedVersion("New version created: 12\n"), "12");
    assert.throws(() => preparedVersion("Unknown map identifier."), /Unknown map identifier/);
  });

  test("statistics are rows by the names of the header", () => {
    const csv = "# pxname,svname,scur,\nft_http,FRONTEND,1,\nbk_http,vm,,\n\n";
    assert.deepEqual(statRows(csv), [
      { pxname: "ft_http", svname: "FRONTEND", scur: "1" },
      { pxname: "bk_http", svname: "vm" },
    ]);
  });

  test("a list of domains loses what is none, and is refused when it is no list", () => {
    const list = [
      { name: "Shop.Example.org", item_hash: VM, ipv4: { local: "127.0.0.1/32" } },
      { name: "two words", item_hash: VM },
      { name: "x.example.org", item_hash: "nothing" },
      { name: 5, item_hash: VM },
      "text",
      null,
    ];
    assert.deepEqual(namesIn(list), [{ name: "shop.example.org", vmHash: VM }]);
    assert.throws(() => namesIn({ error: "no" }), /no list/);
  });
});
