/** The content of INSTANCE messages, field by field. Pure. */

import type { InstanceContent, TrustedExecution } from "./content.ts";
import { readCommon, readFileRef } from "./executable-schema.ts";
import { readForm, type Form } from "./form.ts";
import { isObject } from "./lax-values.ts";
import type { Bounds } from "./spot.ts";
import { PERSISTENT_MIB } from "./volume-schema.ts";

/** a SEV guest policy has 32 bits */
const POLICY: Bounds = { min: 0, max: 0xff_ff_ff_ff };

interface InstanceEnvironment {
  readonly internet: boolean;
  readonly alephApi: boolean;
  readonly hypervisor: "qemu" | "firecracker" | undefined;
  readonly trustedExecution: TrustedExecution | undefined;
}

export const INSTANCE = {
  name: "InstanceContent",
  extra: "refuse",
  read: (form: Form): InstanceContent => {
    const { environment, ...common } = readCommon(form, ENVIRONMENT);
    const rootfs = readForm(form.required("rootfs"), ROOTFS);
    const content: InstanceContent = { kind: "instance", ...common, ...environment, rootfs };
    const hasTerms = asksForTerms(form.optional("requirements")?.value);
    const flaw = flawBetween(content, hasTerms);
    if (flaw !== undefined) form.spot.complain(flaw);
    return content;
  },
} as const;

/** Rules between fields; they hold only where something is required of the node. The first that is broken is told. */
function flawBetween(content: InstanceContent, hasTerms: boolean): string | undefined {
  const { requirements, payment, hypervisor, trustedExecution } = content;
  if (requirements === undefined) return undefined;
  const isFlowing = payment.type !== "hold";
  const isBound = requirements.nodeHash !== undefined;
  const hasGpus = requirements.gpus.length > 0;
  if (isFlowing && !isBound) return "Node hash assignment is needed for PAYG payments";
  if (hasGpus && !isBound) return "Node hash assignment is needed for GPU support";
  if (hasGpus && hypervisor !== "qemu") return "GPU option is only supported for QEmu hypervisor";
  if (!hasTerms) return undefined;
  if (!isBound) return "Terms_and_conditions field needs a requirements.node.node_hash value";
  return isFlowing || trustedExecution
    ? undefined
    : "Only PAYG/CoCo/Credit instances can have a terms_and_conditions";
}

function asksForTerms(requirements: unknown): boolean {
  const node = isObject(requirements) ? requirements["node"] : undefined;
  return isObject(node) && (node["terms_and_conditions"] ?? null) !== null;
}

const TRUSTED_EXECUTION = {
  name: "TrustedExecutionEnvironment",
  extra: "refuse",
  read: (form: Form): TrustedExecution => ({
    firmware: form.optional("firmware")?.hash(),
    policy: form.given("policy")?.integer(POLICY) ?? 1,
  }),
} as const;

const ENVIRONMENT = {
  name: "InstanceEnvironment",
  extra: "ignore",
  read: (form: Form): InstanceEnvironment => {
    form.given("reproducible")?.flag();
    form.given("shared_cache")?.flag();
    const hypervisor = form.optional("hypervisor")?.choice(["qemu", "firecracker"]);
    const trusted = form.optional("trusted_execution");
    if (trusted && hypervisor !== "qemu") {
      trusted.complain("Trusted Execution Environment is only supported for QEmu");
    }
    return {
      internet: form.given("internet")?.flag() ?? false,
      alephApi: form.given("aleph_api")?.flag() ?? false,
      hypervisor,
      trustedExecution: trusted && readForm(trusted, TRUSTED_EXECUTION),
    };
  },
} as const;

const PARENT = {
  name: "ParentVolume",
  extra: "ignore",
  read: (form: Form) => readFileRef(form, true),
} as const;

const ROOTFS = {
  name: "RootfsVolume",
  extra: "ignore",
  read: (form: Form): InstanceContent["rootfs"] => ({
    parent: readForm(form.required("parent"), PARENT),
    persistence: form.required("persistence").choice(["host", "store"]),
    sizeMiB: form.required("size_mib").integer(PERSISTENT_MIB),
  }),
} as const;
