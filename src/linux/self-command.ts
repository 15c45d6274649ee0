import { join } from "node:path";

/**
 * The command that runs this very program again, without arguments: `[<binary>]` when compiled, and
 * `[<bun>, cmd/berth/main.ts]` from a checkout.
 */
export function selfCommand(): string[] {
  // Bun mounts the files of a compiled program below this path.
  const compiled = import.meta.path.startsWith("/$bunfs/");
  return compiled
    ? [process.execPath]
    : [process.execPath, join(import.meta.dir, "../../cmd/berth/main.ts")];
}
