import { Output } from "../output.ts";
import { runCli } from "../run-cli.ts";
import type { TreeFiles } from "../tree-files.ts";

/** One run of the command line with nothing around it: exit code, and what it wrote. */
export async function capturedRun(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  trees: () => Promise<TreeFiles> = () => Promise.reject(new Error("no trees")),
): Promise<{ code: number; out: string; err: string }> {
  const text = { out: "", err: "" };
  const collect = (key: "out" | "err") => () => ({
    write: (chunk: string | Uint8Array) => {
      text[key] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      return chunk.length;
    },
    flush: () => 0,
  });
  const code = await runCli(argv, {
    environment,
    build: { version: "1.2.3", commit: "abc", time: "" },
    // Descriptors that are none: no output is taken for a terminal.
    stdout: new Output(-1, collect("out")),
    stderr: new Output(-2, collect("err")),
    terminal: () => Promise.reject(new Error("no terminal")),
    registry: () => Promise.reject(new Error("no registry")),
    trees,
  });
  return { code, ...text };
}
