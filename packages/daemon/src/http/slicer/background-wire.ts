/** What is said of a program in the background, in Slicer's words. */

import { lastUseOf } from "#core/exec/agent-use.ts";
import { glanceAtBackground } from "#core/exec/background.ts";
import type { BackgroundEnd, BackgroundProgram } from "#core/ports/guest-background.ts";
import { workIn } from "#core/secrets/guest-requests.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";

export function programOf(program: BackgroundProgram): object {
  return {
    exec_id: program.id,
    pid: program.pid,
    command: program.command,
    args: program.args,
    cwd: program.cwd,
    uid: program.uid,
    started_at: program.startedAt,
    running: program.end === undefined,
    ...endOf(program.end),
    bytes_written: program.writtenBytes,
    bytes_dropped: program.droppedBytes,
    next_id: program.nextId,
    ring_bytes: program.ringBytes,
  };
}

/** nothing while it runs */
export function endOf(end: BackgroundEnd | undefined): object {
  if (!end) return {};
  const { exitCode: exit_code, signal, endedAt: ended_at } = end;
  return { exit_code, ...(signal === undefined ? {} : { signal }), ended_at };
}

/** As the description of a VM has it. */
function glanceOf({ id, command, pid, startedAt, end }: BackgroundProgram): object {
  const state = end ? "exited" : "running";
  const exit = end ? { exit_code: end.exitCode } : {};
  return { exec_id: id, command, pid, state, started_at: startedAt, ...exit };
}

/** What a description has beyond the node: what goes on in the guest. What is not known is left out. */
export async function agentFactsOf(vm: VmSupervisor, signal: AbortSignal): Promise<object> {
  const programs = await glanceAtBackground(vm, signal);
  const link = vm.contact?.current;
  const connections = link && workIn(link);
  return {
    ...lastCallOf(vm),
    ...(connections === undefined ? {} : { open_agent_connections: connections }),
    ...(programs === undefined ? {} : { bg_execs: programs.map(glanceOf) }),
  };
}

export function lastCallOf(vm: VmSupervisor): object {
  const last = lastUseOf(vm);
  return last === undefined ? {} : { last_agent_call: last.toISOString() };
}
