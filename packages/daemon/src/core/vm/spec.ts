/** What a VM may be asked to be: bounds and defaults, the only validation of meaning. */

import { humanBytes, MIB } from "#lib/bytes.ts";

import { AlcoveError } from "../errors.ts";
import { type HostGroup, MAX_USERDATA_BYTES } from "../group/host-group.ts";
import { policyProblems } from "../network/egress.ts";
import type { NetworkOverride } from "../network/network.ts";
import { tagProblems } from "./tags.ts";
import type { VmKind, VmSpec } from "./vm.ts";

/** A request as a surface understood it; `undefined` is "not said". */
export interface VmRequest {
  readonly vcpus: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly gpuCount: number | undefined;
  readonly image: string | undefined;
  readonly kind: VmKind;
  /** a name that the configuration chose; `undefined` takes the group's next */
  readonly hostname: string | undefined;
  readonly tags: readonly string[];
  readonly sshKeys: readonly string[];
  readonly userdata: string | undefined;
  /** account whose public keys are fetched, in place of those of the host's own account */
  readonly importKeysOf: string | undefined;
  /** names; `undefined` is all there are */
  readonly secrets: readonly string[] | undefined;
  /** lists of its own, for an isolated network */
  readonly network: NetworkOverride | undefined;
  /** bare IPv4 that it would like to have */
  readonly address: string | undefined;
}

/** of a guest */
export const MIN_MEMORY_MIB = 64;
const MAX_SSH_KEYS = 64;
const MAX_SSH_KEY_LENGTH = 16 * 1024;
/** keys and userdata as JSON: with name, network and entropy they go to the guest in one frame of 64 KiB */
const MAX_CONFIGURATION_BYTES = 60 * 1024;

type Issue = { readonly path: string; readonly problem: string };

/**
 * @param imported keys of the account that the request or the host names
 * @throws AlcoveError `invalid_request` that lists everything wrong at once
 */
export function checkSpec(
  request: VmRequest,
  group: HostGroup,
  imported: readonly string[],
): VmSpec {
  const memoryBytes = request.memoryBytes ?? group.memoryMiB * MIB;
  const spec: VmSpec = {
    vcpus: request.vcpus ?? group.vcpus,
    memoryMiB: Math.floor(memoryBytes / MIB),
    image: request.image ?? group.image,
    diskBytes: group.diskBytes,
    network: { settings: group.network, dns: group.dns, override: request.network },
    tags: request.tags,
    sshKeys: cleanKeys([...group.sshKeys, ...imported, ...request.sshKeys]),
    userdata: request.userdata ?? group.userdata,
    secrets: request.secrets ?? "all",
  };
  const issues = [
    ...sizeIssues(spec, memoryBytes, group),
    ...textIssues(spec),
    ...gpuIssues(request),
    ...networkIssues(request, group),
  ];
  if (issues.length === 0) return spec;
  const text = issues.map(({ path, problem }) => `${path}: ${problem}`).join("; ");
  throw new AlcoveError("invalid_request", text, { issues });
}

function cleanKeys(keys: readonly string[]): readonly string[] {
  return keys.map((key) => key.trim()).filter((key) => key !== "");
}

function networkIssues({ network }: VmRequest, group: HostGroup): Issue[] {
  if (!network) return [];
  if (group.network.mode !== "isolated") {
    const problem = `allow and drop lists are for isolated networks; host group ${group.name} has a ${group.network.mode} network`;
    return [{ path: "network", problem }];
  }
  const { allow = [], drop = [] } = network;
  return Object.entries({ allow, drop }).flatMap(([list, entries]) =>
    policyProblems(entries).map((problem) => ({ path: `network.${list}`, problem })),
  );
}

function sizeIssues(spec: VmSpec, memoryBytes: number, group: HostGroup): Issue[] {
  const issues: Issue[] = [];
  const say = (path: string, problem: string) => issues.push({ path, problem });
  if (spec.vcpus < 1) say("cpus", "must be at least 1");
  if (spec.vcpus > group.vcpus) {
    say("cpus", `${spec.vcpus} is more than host group ${group.name} allows (${group.vcpus})`);
  }
  const maximum = group.memoryMiB * MIB;
  if (memoryBytes < MIN_MEMORY_MIB * MIB)
    say("ram_bytes", `must be at least ${MIN_MEMORY_MIB} MiB`);
  if (memoryBytes > maximum) {
    const asked = humanBytes(memoryBytes);
    say(
      "ram_bytes",
      `${asked} is more than host group ${group.name} allows (${humanBytes(maximum)})`,
    );
  }
  return issues;
}

function textIssues(spec: VmSpec): Issue[] {
  const issues: Issue[] = [];
  const say = (path: string, problem: string) => issues.push({ path, problem });
  for (const problem of tagProblems(spec.tags)) say("tags", problem);
  if (spec.sshKeys.length > MAX_SSH_KEYS) say("ssh_keys", `at most ${MAX_SSH_KEYS}`);
  if (spec.sshKeys.some((key) => key.length > MAX_SSH_KEY_LENGTH || key.includes("\n"))) {
    say("ssh_keys", `each must be one line of at most ${MAX_SSH_KEY_LENGTH} characters`);
  }
  if (Buffer.byteLength(spec.userdata ?? "") > MAX_USERDATA_BYTES) {
    say("userdata", `at most ${humanBytes(MAX_USERDATA_BYTES)}`);
  }
  if (issues.length === 0 && configurationBytes(spec) > MAX_CONFIGURATION_BYTES) {
    say(
      "ssh_keys",
      `together with userdata at most ${humanBytes(MAX_CONFIGURATION_BYTES)} of JSON`,
    );
  }
  return issues;
}

function configurationBytes({ sshKeys, userdata }: VmSpec): number {
  return Buffer.byteLength(JSON.stringify({ sshKeys, userdata }));
}

function gpuIssues(request: VmRequest): Issue[] {
  if (!request.gpuCount) return [];
  return [
    {
      path: "gpu_count",
      problem: `${request.gpuCount} asked, but this host passes through no GPU`,
    },
  ];
}
