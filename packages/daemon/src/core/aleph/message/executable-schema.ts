/** What instances and programs say in common, field by field. Source: the network's message schema. Pure. */

import type { ItemHash } from "../item-hash.ts";
import type {
  FileRef,
  Payment,
  PublishedPort,
  Requirements,
  VmResources,
  Volume,
  WantedGpu,
} from "./content.ts";
import { readForm, type Form, type FormRules } from "./form.ts";
import type { Bounds, Spot } from "./spot.ts";
import { distinctNames, readVolume } from "./volume-schema.ts";

const MAX_ENTRIES = 256;
const MAX_KEY_CHARS = 8_192;
const MAX_VARIABLE_NAME_CHARS = 128;
const MAX_VARIABLE_CHARS = 4_096;
/** for texts that the schema leaves unbounded */
export const MAX_TEXT_CHARS = 4_096;
const MAX_REPLACES_CHARS = 128;

const TIME: Bounds = { min: 0, max: 9_223_372_036 };
const VCPUS: Bounds = { min: 1, max: 256 };
const MEMORY_MIB: Bounds = { min: 1, max: 1_048_576 };
const SECONDS: Bounds = { min: 1, max: 315_360_000 };
const PORT: Bounds = { min: 1, max: 65_535 };

export interface CommonContent<Environment> {
  readonly address: string;
  readonly time: number;
  readonly authorizedKeys: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly environment: Environment;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly resources: VmResources;
  readonly payment: Payment;
  readonly requirements: Requirements | undefined;
  readonly volumes: readonly Volume[];
}

/** @param environment how this kind of VM's environment is read */
export function readCommon<Environment>(
  form: Form,
  environment: FormRules<Environment>,
): CommonContent<Environment> {
  const address = form.required("address").text(MAX_TEXT_CHARS);
  const time = form.required("time").number(TIME);
  form.required("allow_amend").flag();
  const metadata = form.optional("metadata")?.dictionary(MAX_ENTRIES, ({ value }) => value);
  const authorizedKeys =
    form.optional("authorized_keys")?.list(MAX_ENTRIES, (key) => key.text(MAX_KEY_CHARS)) ?? [];
  const variables = form.optional("variables")?.dictionary(MAX_ENTRIES, readVariable) ?? {};
  const surroundings = readForm(form.required("environment"), environment);
  const resources = readForm(form.required("resources"), RESOURCES);
  const paid = form.optional("payment");
  const payment: Payment = paid ? readForm(paid, PAYMENT) : HOLD;
  const wanted = form.optional("requirements");
  const requirements = wanted && readForm(wanted, REQUIREMENTS);
  const volumes = form.given("volumes")?.list(MAX_ENTRIES, readVolume) ?? [];
  distinctNames(form.spot, volumes);
  form.optional("replaces")?.text(MAX_REPLACES_CHARS);
  return {
    address,
    time,
    authorizedKeys,
    variables,
    environment: surroundings,
    metadata,
    resources,
    payment,
    requirements,
    volumes,
  };
}

/** @param form with `ref` and `use_latest` in it */
export function readFileRef(form: Form, useLatestUnlessSaid: boolean): FileRef {
  const ref: ItemHash = form.required("ref").hash();
  return { ref, useLatest: form.given("use_latest")?.flag() ?? useLatestUnlessSaid };
}

const HOLD: Payment = { type: "hold", chain: undefined, receiver: undefined };

function readVariable(spot: Spot, key: string): string {
  if (key.length > MAX_VARIABLE_NAME_CHARS) {
    const msg = `String should have at most ${MAX_VARIABLE_NAME_CHARS} characters`;
    spot.inner("[key]", key).note("string_too_long", msg, { max_length: MAX_VARIABLE_NAME_CHARS });
  }
  return spot.text(MAX_VARIABLE_CHARS);
}

const PUBLISHED_PORT = {
  name: "PublishedPort",
  extra: "ignore",
  read: (form: Form): PublishedPort => ({
    protocol: form.given("protocol")?.choice(["tcp", "udp"]) ?? "tcp",
    port: form.required("port").integer(PORT),
  }),
} as const;

const RESOURCES = {
  name: "MachineResources",
  extra: "ignore",
  read: (form: Form): VmResources => ({
    vcpus: form.given("vcpus")?.integer(VCPUS) ?? 1,
    memoryMiB: form.given("memory")?.integer(MEMORY_MIB) ?? 128,
    seconds: form.given("seconds")?.integer(SECONDS) ?? 1,
    publishedPorts:
      form
        .optional("published_ports")
        ?.list(MAX_ENTRIES, (spot) => readForm(spot, PUBLISHED_PORT)) ?? [],
  }),
} as const;

const PAYMENT = {
  name: "Payment",
  extra: "ignore",
  read: (form: Form): Payment => ({
    chain: form.optional("chain")?.text(MAX_TEXT_CHARS),
    receiver: form.optional("receiver")?.text(MAX_TEXT_CHARS),
    type: form.required("type").choice(["hold", "superfluid", "credit"]),
  }),
} as const;

const CPU = {
  name: "CpuProperties",
  extra: "refuse",
  read: (form: Form): void => {
    form.optional("architecture")?.choice(["x86_64", "arm64"], "literal_error");
    form.optional("vendor")?.text(MAX_TEXT_CHARS);
    form.optional("features")?.list(MAX_ENTRIES, (spot) => spot.text(MAX_TEXT_CHARS));
  },
} as const;

const NODE = {
  name: "NodeRequirements",
  extra: "refuse",
  read: (form: Form): ItemHash | undefined => {
    form.optional("owner")?.text(MAX_TEXT_CHARS);
    form.optional("address_regex")?.text(MAX_TEXT_CHARS);
    form.optional("terms_and_conditions")?.hash();
    return form.optional("node_hash")?.hash();
  },
} as const;

const GPU = {
  name: "GpuProperties",
  extra: "refuse",
  read: (form: Form): WantedGpu => ({
    vendor: form.required("vendor").text(MAX_TEXT_CHARS),
    deviceName: form.required("device_name").text(MAX_TEXT_CHARS),
    deviceClass: form.required("device_class").choice(["0300", "0302"]),
    deviceId: form.required("device_id").text(MAX_TEXT_CHARS),
  }),
} as const;

const REQUIREMENTS = {
  name: "HostRequirements",
  extra: "refuse",
  read: (form: Form): Requirements => {
    const cpu = form.optional("cpu");
    if (cpu) readForm(cpu, CPU);
    const node = form.optional("node");
    return {
      nodeHash: node && readForm(node, NODE),
      gpus: form.optional("gpu")?.list(MAX_ENTRIES, (spot) => readForm(spot, GPU)) ?? [],
    };
  },
} as const;
