import { selfCommand } from "../../linux/self-command.ts";
import { childError, exitText } from "../child-protocol.ts";
import type { TransferRequest, TransferResult } from "./transfer-child.ts";

export type { TransferRequest, TransferResult } from "./transfer-child.ts";

/**
 * Copies between a tree that may be hostile and a directory of the host, in a process of its own that is
 * locked into the tree. Errors as of `packTree` and `unpackTar`; what was copied until then stays.
 */
export async function transferTree(
  request: TransferRequest,
  signal?: AbortSignal,
): Promise<TransferResult> {
  signal?.throwIfAborted();
  const child = Bun.spawn([...selfCommand(), "transfer", JSON.stringify(request)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    signal?.throwIfAborted();
    if (child.exitCode !== 0) throw childError("copy a tree", errors, exitText(child));
    return JSON.parse(output) as TransferResult;
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}
