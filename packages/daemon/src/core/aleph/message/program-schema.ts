/** The content of PROGRAM messages, field by field. Pure. */

import type { ProgramContent } from "./content.ts";
import { MAX_TEXT_CHARS, readCommon, readFileRef } from "./executable-schema.ts";
import { readForm, type Form } from "./form.ts";

const MAX_ARGS = 256;
const ENCODINGS = ["plain", "zip", "squashfs"] as const;

export const PROGRAM = {
  name: "ProgramContent",
  extra: "refuse",
  read: (form: Form): ProgramContent => {
    form.required("type").choice(["vm-function"], "literal_error");
    const { environment, ...common } = readCommon(form, ENVIRONMENT);
    const data = form.optional("data");
    const exported = form.optional("export");
    if (exported) readForm(exported, EXPORT);
    return {
      kind: "program",
      ...common,
      ...environment,
      code: readForm(form.required("code"), CODE),
      runtime: readForm(form.required("runtime"), RUNTIME),
      data: data && readForm(data, DATA),
      ...readForm(form.required("on"), ON),
    };
  },
} as const;

const ENVIRONMENT = {
  name: "FunctionEnvironment",
  extra: "ignore",
  read: (form: Form): { readonly internet: boolean; readonly alephApi: boolean } => {
    form.given("reproducible")?.flag();
    form.given("shared_cache")?.flag();
    return {
      internet: form.given("internet")?.flag() ?? false,
      alephApi: form.given("aleph_api")?.flag() ?? false,
    };
  },
} as const;

const CODE = {
  name: "CodeContent",
  extra: "ignore",
  read: (form: Form): ProgramContent["code"] => {
    const encoding = form.required("encoding").choice(ENCODINGS);
    const entrypoint = form.required("entrypoint").text(MAX_TEXT_CHARS);
    return {
      encoding,
      entrypoint,
      file: readFileRef(form, false),
      // Unless it says, `module:name` is something to be called, and anything else a program that serves by itself.
      interface:
        form.optional("interface")?.choice(["asgi", "binary"]) ??
        (entrypoint.includes(":") ? "asgi" : "binary"),
      args: form.optional("args")?.list(MAX_ARGS, (spot) => spot.text(MAX_TEXT_CHARS)) ?? [],
    };
  },
} as const;

const RUNTIME = {
  name: "FunctionRuntime",
  extra: "ignore",
  read: (form: Form) => {
    const file = readFileRef(form, true);
    form.required("comment").text(MAX_TEXT_CHARS);
    return file;
  },
} as const;

const DATA = {
  name: "DataContent",
  extra: "ignore",
  read: (form: Form): NonNullable<ProgramContent["data"]> => {
    return {
      encoding: form.required("encoding").choice(ENCODINGS),
      mount: form.required("mount").text(MAX_TEXT_CHARS),
      file: readFileRef(form, false),
    };
  },
} as const;

const EXPORT = {
  name: "Export",
  extra: "ignore",
  read: (form: Form): void => {
    form.required("encoding").choice(ENCODINGS);
    form.required("mount").text(MAX_TEXT_CHARS);
  },
} as const;

const ON = {
  name: "FunctionTriggers",
  extra: "refuse",
  read: (form: Form): { readonly onHttp: boolean; readonly onPersistent: boolean } => {
    form.skip("message");
    return {
      onHttp: form.required("http").flag(),
      onPersistent: form.optional("persistent")?.flag() ?? false,
    };
  },
} as const;
