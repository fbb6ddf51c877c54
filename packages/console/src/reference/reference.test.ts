import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { filterGroups, readDocument } from "./api-document.ts";
import { curlExample } from "./curl-example.ts";
import { shapeOf } from "./shape.ts";

const DOCUMENT = readDocument({
  info: { title: "Alcove", version: "1" },
  security: [{ token: [] }],
  components: { schemas: { Error: { type: "object", properties: { error: { type: "string" } } } } },
  paths: {
    "/v1/images": {
      get: {
        operationId: "listImages",
        summary: "What there is",
        tags: ["alcove"],
        security: [],
        responses: { 200: { description: "All" } },
      },
    },
    "/v1/images/{reference}": {
      delete: {
        operationId: "removeImage",
        tags: ["alcove"],
        parameters: [
          { in: "query", name: "force", required: true, schema: { type: "boolean" } },
          { in: "path", name: "reference", required: true, schema: { type: "string" } },
        ],
        requestBody: {
          content: {
            "application/json": {
              schema: {
                type: "object",
                required: ["name", "size"],
                properties: {
                  name: { type: "string" },
                  size: { type: "integer" },
                  note: { type: "string" },
                },
              },
            },
          },
        },
        responses: {
          200: { description: "Gone" },
          404: {
            description: "None",
            content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
          },
        },
      },
    },
  },
});

function found(words: string): readonly string[] {
  return filterGroups(DOCUMENT.groups, words).flatMap((it) => it.operations.map(({ id }) => id));
}

const endless = () => ({ type: "object", properties: { again: { $ref: "#/again" } } });

describe("API reference", () => {
  test("operations are in groups, with what they take and answer", () => {
    const [group, ...others] = DOCUMENT.groups;
    assert.deepEqual([group?.name, others.length], ["alcove: images", 0]);
    const [list, remove] = DOCUMENT.operations;
    assert.deepEqual([list?.credentials, remove?.credentials], [[], ["token"]]);
    assert.deepEqual(
      [remove?.answers.map(({ status }) => status), remove?.refusals.map(({ status }) => status)],
      [["200"], ["404"]],
    );
  });

  test("the filter wants every word, anywhere", () => {
    assert.deepEqual(found("IMAGES delete"), ["removeImage"]);
    assert.deepEqual(found("what there"), ["listImages"]);
    assert.deepEqual(found("nothing"), []);
    assert.equal(found("").length, 2);
  });

  test("a shape says what must be there, what may, and what is said of it", () => {
    const schema = {
      type: "object",
      required: ["a"],
      properties: {
        a: { type: "array", items: { anyOf: [{ const: "x" }, { const: "y" }] } },
        b: { type: "integer", description: "in bytes" },
        c: { $ref: "#/components/schemas/Error" },
      },
    };
    assert.equal(
      shapeOf(schema, DOCUMENT),
      '{\n  a: ("x" | "y")[]\n  b?: integer  // in bytes\n  c?: {\n    error?: string\n  }\n}',
    );
  });

  test("a shape that holds itself comes to an end", () => {
    assert.match(shapeOf({ $ref: "#/again" }, { resolve: endless }), /…/);
  });

  test("the example has a token's variable, and all that must be given", () => {
    const [list, remove] = DOCUMENT.operations;
    assert.ok(list && remove);
    assert.equal(curlExample(list, "http://h:1", DOCUMENT), "curl 'http://h:1/v1/images'");
    assert.equal(
      curlExample(remove, "http://h:1", DOCUMENT),
      `curl -X DELETE -H "Authorization: Bearer $ALCOVE_TOKEN" -H 'Content-Type: application/json' -d '{"name":"NAME","size":1}' 'http://h:1/v1/images/REFERENCE?force=FORCE'`,
    );
  });

  test("a document that is none has nothing in it", () => {
    for (const nonsense of [undefined, "text", [1], { paths: { "/a": null } }])
      assert.deepEqual(readDocument(nonsense).groups, []);
  });
});
