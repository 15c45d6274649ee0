import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { $ } from "bun";

/** Copies files and trees of this machine to the same places below `root`. */
export async function takeFiles(root: string, paths: Iterable<string>): Promise<void> {
  for (const path of paths) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await cp(path, join(root, path), { recursive: true, dereference: true });
  }
}

/** Copies programs of this machine, with the libraries that they load and the loader itself. */
export async function takePrograms(root: string, programs: readonly string[]): Promise<void> {
  const text = await $`ldd ${programs}`.quiet().text();
  const libraries = [...text.matchAll(/(\/\S+\.so\S*) \(0x/g)].map(([, path = ""]) => path);
  await takeFiles(root, new Set([...programs, ...libraries]));
}
