/** What every part of the launch dialog is given. */

import type { HostGroup, LaunchForm } from "./launch-form.ts";
import type { LaunchProblems } from "./launch-problems.ts";

export interface LaunchFieldsProps {
  readonly groups: readonly HostGroup[];
  readonly group: HostGroup;
  readonly onGroup: (name: string) => void;
  readonly form: LaunchForm;
  readonly onChange: (change: Partial<LaunchForm>) => void;
  readonly problems: LaunchProblems["byField"];
}
