import { selfCommand } from "../../linux/self-command.ts";
import { childError, exitText } from "../child-protocol.ts";
import type { PackOptions } from "../tree-options.ts";
import type { PackRequest } from "./pack-child.ts";

/**
 * A deterministic tar of a tree: names in byte order, numeric owners, times in nanoseconds, xattrs, hard
 * links. Read by a process locked into `root`, as fast as the archive is consumed. Without `rename` a
 * directory's members are relative to it, and there is none for itself. `not-found` if `path` is not there.
 */
export async function* packTree(
  root: string,
  { signal, ...options }: PackOptions = {},
): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  const child = spawnPack({ ...options, root, mounts: options.mounts ?? [] });
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const errors = new Response(child.stderr).text();
    yield* child.stdout;
    await child.exited;
    signal?.throwIfAborted();
    if (child.exitCode !== 0) throw childError("pack a tree", await errors, exitText(child));
  } finally {
    signal?.removeEventListener("abort", kill);
    // A reader that stops early leaves the child in the middle of a write.
    kill();
  }
}

export function spawnPack(request: PackRequest): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  return Bun.spawn([...selfCommand(), "pack", JSON.stringify(request)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    // Read the pipe only when somebody wants the bytes.
    lazy: true,
    env: { PATH: process.env["PATH"] ?? "" },
  });
}
