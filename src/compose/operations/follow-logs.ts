import type { ContainerLogsOptions } from "../../spec/index.ts";
import type { ServiceContainer } from "../state/project-state.ts";
import { merged } from "../view/container-output.ts";
import type { LogPrinter } from "../view/log-printer.ts";
import type { ProjectContext } from "./project-context.ts";

/** `shop-db-1` → `db-1`: what a line of its log begins with. */
export const logName = (project: string, name: string): string =>
  name.startsWith(`${project}-`) ? name.slice(project.length + 1) : name;

/** Prints the log of one container, to its end, or with `follow` for as long as it lives. */
export async function printLogs(
  { client, project }: ProjectContext,
  printer: LogPrinter,
  container: Pick<ServiceContainer, "id" | "name">,
  options: Partial<ContainerLogsOptions>,
  signal?: AbortSignal,
): Promise<void> {
  const { Config } = await client.containers.inspect(container.id);
  const { multiplexed, chunks } = await client.containers.logs(
    container.id,
    { stdout: true, stderr: true, ...options },
    signal,
  );
  const framed = multiplexed ?? !Config.Tty;
  await printer.lines(logName(project.name, container.name), merged(chunks, framed));
}
