import { join } from "node:path";

/**
 * What `new Worker` takes for a `*.worker.ts` file of this program, given its path from the repository's
 * root: such files are entry points of their own inside of the compiled binary.
 */
export function selfWorker(path: string): string {
  const compiled = import.meta.path.startsWith("/$bunfs/");
  return compiled ? `./${path}` : join(import.meta.dir, "../..", path);
}
