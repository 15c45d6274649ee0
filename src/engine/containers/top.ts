import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { type ContainerTop, conflict, internal, invalidArgument } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { publishContainerEvent } from "./container-events.ts";
import { notRunning } from "./kill.ts";
import { restartingMessage } from "./namespaces.ts";
import { processTable } from "./process-table.ts";

/** What Docker asks ps for when the client asks for nothing. */
const DEFAULT_ARGUMENTS = "-ef";
const PS_TIMEOUT_MS = 30_000;

/** `-o pid=X` would rename the column by which processes are found. */
function checkArguments(psArgs: string): string[] {
  for (const word of psArgs.split(/[^\w=]+/)) {
    const [name = "", renamed] = word.split("=", 2);
    if (renamed !== undefined && renamed !== "" && name.toLowerCase().endsWith("pid")) {
      throw invalidArgument(`specifying "${word}" is not allowed`);
    }
  }
  return psArgs.split(/\s+/).filter(Boolean);
}

/**
 * The lines of ps's output that are of these processes. The last column takes the rest of its line. Throws
 * Docker's message when there is no column PID.
 */
export function parsePs(output: string, pids: ReadonlySet<number>): ContainerTop {
  const [header = "", ...lines] = output.split("\n");
  const titles = header.trim().split(/\s+/);
  const column = titles.indexOf("PID");
  if (column < 0) throw internal("Couldn't find PID field in ps output");
  const rows = lines.flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (!pids.has(Number(words[column]))) return [];
    const kept = words.slice(0, titles.length - 1);
    return [[...kept, words.slice(titles.length - 1).join(" ")]];
  });
  return { Titles: titles, Processes: rows };
}

async function runPs(args: readonly string[]): Promise<string> {
  const child = Bun.spawn(["ps", ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: PS_TIMEOUT_MS,
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", COLUMNS: "100000" },
  });
  const [output, complaint] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) {
    throw internal(`error running ps: ${complaint.trim() || `exit status ${child.exitCode}`}`);
  }
  return output;
}

/**
 * The processes of a running container as the host's ps shows them. Where there is no ps, its `-ef` is told
 * from /proc.
 */
export async function topContainer(
  context: EngineContext,
  ref: string,
  psArgs: string,
): Promise<ContainerTop> {
  const args = checkArguments(psArgs || DEFAULT_ARGUMENTS);
  const container = context.containers.get(ref);
  if (container.record.state.status === "restarting") {
    throw conflict(restartingMessage(container.id));
  }
  if (!container.alive) throw notRunning(container.id);
  const pids = openCgroup(context.host.cgroup, container.record.cgroupPath).pids();
  publishContainerEvent(context, container, "top");
  if (Bun.which("ps") !== null) return parsePs(await runPs(args), new Set(pids));
  if (args.join(" ") === DEFAULT_ARGUMENTS) return processTable(pids);
  throw internal("error running ps: it is not installed, and only -ef can be told without");
}
