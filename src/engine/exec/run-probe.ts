import { FrameDecoder } from "../../spec/index.ts";
import type { Container } from "../containers/container.ts";
import { PROBE_OUTPUT_LIMIT, type ProbeResult } from "../containers/health/health-monitor.ts";
import type { EngineContext } from "../context.ts";
import { addExec } from "./create-exec.ts";
import { dropExec } from "./exec-exit.ts";
import { runExec } from "./start-exec.ts";

/** Runs a health check in the container and collects the beginning of its output. */
export async function runProbe(
  context: EngineContext,
  container: Container,
  command: string[],
  signal: AbortSignal,
): Promise<ProbeResult> {
  const exec = addExec(context, container, {
    Cmd: command,
    AttachStdout: true,
    AttachStderr: true,
  });
  const { record } = exec;
  record.running = true;
  const kill = () => {
    if (record.pid > 0) process.kill(record.pid, "SIGKILL");
  };
  try {
    const stream = await context.supervisor.attach(record.id, {
      stdin: false,
      stdout: true,
      stderr: true,
    });
    const output = collect(stream);
    await runExec(context, exec);
    signal.addEventListener("abort", kill, { once: true });
    if (signal.aborted) kill();
    const exitCode = await exec.ended.promise;
    return { exitCode, output: await output };
  } finally {
    signal.removeEventListener("abort", kill);
    dropExec(context, exec);
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const frames = new FrameDecoder();
  const kept: Uint8Array[] = [];
  let length = 0;
  let truncated = false;
  for await (const chunk of stream) {
    for (const { content } of frames.push(chunk)) {
      const room = PROBE_OUTPUT_LIMIT - length;
      truncated ||= content.length > room;
      if (room <= 0) continue;
      // A copy: what comes next may use the same memory.
      const part = content.slice(0, room);
      kept.push(part);
      length += part.length;
    }
  }
  return Buffer.concat(kept).toString("utf8") + (truncated ? "..." : "");
}
