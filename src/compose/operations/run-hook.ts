import { Demultiplexer } from "../../cli/terminal/demultiplexer.ts";
import type { Hook } from "../file/project.ts";
import type { ProjectContext } from "./project-context.ts";

/** Runs a service's hook in its container and waits for it. Rejects if it ends with another code than 0. */
export async function runHook(
  context: ProjectContext,
  id: string,
  name: string,
  hook: Hook,
): Promise<void> {
  const { code, output } = await execute(context, id, hook);
  if (code === 0) return;
  const said = output.trim();
  throw new Error(
    `${name} hook exited with status ${code}: ${hook.command.join(" ")}${said === "" ? "" : `\n${said}`}`,
  );
}

/** Runs a command in a container and waits for it; what it writes to either stream comes in one text. */
export async function execute(
  { client }: ProjectContext,
  id: string,
  hook: Hook,
): Promise<{ code: number; output: string }> {
  const { Id } = await client.exec.create(id, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: hook.command,
    User: hook.user ?? "",
    Privileged: hook.privileged ?? false,
    WorkingDir: hook.working_dir ?? "",
    Env: Object.entries(hook.environment ?? {}).map(([key, value]) => `${key}=${value ?? ""}`),
  });
  const stream = await client.exec.start(Id);
  const said: string[] = [];
  const frames = new Demultiplexer();
  for await (const chunk of stream.output) {
    for (const { bytes } of frames.push(chunk)) said.push(Buffer.from(bytes).toString());
  }
  const { ExitCode } = await client.exec.inspect(Id);
  return { code: ExitCode ?? 0, output: said.join("") };
}
