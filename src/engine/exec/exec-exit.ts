import type { ProcessExit } from "../../supervisor/index.ts";
import { publishContainerEvent } from "../containers/container-events.ts";
import type { EngineContext } from "../context.ts";
import type { Exec } from "./exec.ts";
import { endExec } from "./start-exec.ts";

/** How many ended execs a container keeps for `inspect`, newest first to stay. */
const KEPT = 64;

/** The end of an exec's process, told once or more. */
export function handleExecExit(context: EngineContext, exec: Exec, exit: ProcessExit): void {
  const { record, container } = exec;
  if (record.exitCode !== null) return;
  endExec(context, exec, exit.exitCode);
  publishContainerEvent(context, container, "exec_die", {
    execID: record.id,
    exitCode: String(exit.exitCode),
  });
  const ended = [...container.execs.values()].filter((other) => other.record.exitCode !== null);
  for (const old of ended.slice(0, -KEPT)) dropExec(context, old);
}

/** Forgets an exec altogether. */
export function dropExec(context: EngineContext, exec: Exec): void {
  context.execs.delete(exec.record.id);
  exec.container.execs.delete(exec.record.id);
  context.execRecords.delete(exec.record.id);
}
