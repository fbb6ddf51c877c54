/** What is dropped or chosen for a directory: asked about where it would replace something, then uploaded. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import type { Vm } from "@alcove/sdk/browser/index.ts";

import { type Dropped, topNames, without } from "./dropped.ts";
import { UPLOADS } from "./vm-uploads.ts";

/** What would replace something. */
export interface Clash {
  readonly dropped: Dropped;
  readonly names: readonly string[];
}

export interface Arrivals {
  readonly take: (dropped: Promise<Dropped>) => void;
  /** why something could not be taken */
  readonly error: Error | null;
  /** waits for an answer */
  readonly clash: Clash | undefined;
  readonly answer: (answer: "replace" | "skip" | "cancel") => void;
}

export function useArrivals(vm: Vm, path: string): Arrivals {
  const [clash, setClash] = useState<Clash>();
  const upload = (dropped: Dropped): void =>
    UPLOADS.of(vm.hostgroup, vm.hostname).add(path, dropped);
  const taking = useMutation({
    mutationFn: async (coming: Promise<Dropped>) => {
      const dropped = await coming;
      const there = new Set((await vm.fs.readDir(path)).map(({ name }) => name));
      const names = [...topNames(dropped)].filter((name) => there.has(name));
      if (names.length > 0) setClash({ dropped, names });
      else upload(dropped);
    },
  });
  const answer = (how: "replace" | "skip" | "cancel"): void => {
    setClash(undefined);
    if (!clash || how === "cancel") return;
    upload(how === "replace" ? clash.dropped : without(clash.dropped, new Set(clash.names)));
  };
  return { take: (dropped) => taking.mutate(dropped), error: taking.error, clash, answer };
}
