import { selfCommand } from "../linux/self-command.ts";
import { childError, exitText } from "./child-protocol.ts";

export type ArchiveChild<Input extends "ignore" | "pipe" | Bun.BunFile = "ignore"> = Bun.Subprocess<
  Input,
  "pipe",
  "pipe"
>;

/**
 * For what drops buffers all the time, several at once: JavaScriptCore collects the old generation too as soon
 * as the young one is below that part of it, and freed pages go back to the kernel at once. A quarter less
 * memory for each child, for a tenth more time of a processor.
 */
const EAGER_COLLECTION = {
  BUN_JSC_minEdenToOldGenerationRatio: "0.9",
  MIMALLOC_PURGE_DELAY: "0",
};

/** This program once more, for one job on one tree. What the job is it reads from its arguments, as JSON. */
export function spawnChild<Input extends "ignore" | "pipe" | Bun.BunFile>(
  job: "copy-tree" | "pack" | "transfer" | "unpack",
  request: object,
  stdin: Input,
): ArchiveChild<Input> {
  const self = selfCommand();
  // From its sources it would collect while it compiles them.
  const isBinary = self.length === 1;
  return Bun.spawn([...self, job, JSON.stringify(request)], {
    stdin,
    stdout: "pipe",
    stderr: "pipe",
    // Read the pipes only when somebody wants the bytes.
    lazy: true,
    env: { PATH: process.env["PATH"] ?? "", ...(isBinary ? EAGER_COLLECTION : {}) },
  });
}

/** Kills the process when the signal aborts, until the function that is returned is called. */
export function killOnAbort(
  child: Pick<Bun.Subprocess, "kill">,
  signal: AbortSignal | undefined,
): () => void {
  const kill = (): void => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  return () => signal?.removeEventListener("abort", kill);
}

/** What a child tells while it works: JSON, one object a line. */
export async function* newsOf<News>(child: Pick<ArchiveChild, "stdout">): AsyncGenerator<News> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as News;
  }
}

/** The JSON that a child says when it is done, or the error that it has left. */
export async function resultOf<Result>(
  child: Pick<ArchiveChild, "stdout" | "stderr" | "exited" | "exitCode" | "signalCode">,
  subject: string,
): Promise<Result> {
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (child.exitCode !== 0) throw childError(subject, errors, exitText(child));
  return JSON.parse(output) as Result;
}
