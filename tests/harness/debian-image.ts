import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { must, run, type TestDaemon } from "./daemon.ts";

/** Nobody looks at these in an image. */
const LEFT_OUT = /^\/usr\/share\/(?:doc|man|locale|info|lintian|bug|bash-completion)(?:\/|$)/;

/**
 * Makes an image of Debian's packages as they are installed on this machine, with all that they depend on, and
 * of dpkg's record of them. False where one of them is not installed, or the machine is no Debian.
 */
export async function importDebian(
  daemon: TestDaemon,
  name: string,
  packages: readonly string[],
): Promise<boolean> {
  if (Bun.which("dpkg-query") === null) return false;
  const closure = await withDependencies(packages);
  if (packages.some((each) => !closure.has(each))) return false;
  const root = await mkdtemp(join(tmpdir(), "be2e-debian-"));
  try {
    const listed = (await run(["dpkg-query", "-L", ...closure])).stdout;
    const files = [...new Set(listed.split("\n"))].filter(
      (path) => path.startsWith("/") && path !== "/." && !LEFT_OUT.test(path),
    );
    await writeFile(join(root, "list"), files.map((path) => path.slice(1)).join("\n"));
    const tree = join(root, "tree");
    // `/bin` and its like are links to these, which come after them in the list.
    for (const name of ["bin", "sbin", "lib", "lib32", "lib64"])
      await mkdir(join(tree, "usr", name), { recursive: true });
    // What a package's script has removed since is passed over.
    const copy = 'tar -C / --no-recursion -cf - -T "$0/list" | tar -C "$0/tree" -xpf -';
    await $`bash -c ${copy} ${root}`.nothrow().quiet();
    await mkdir(join(tree, "var/lib/dpkg"), { recursive: true });
    const status = (await run(["dpkg-query", "--status", ...closure])).stdout;
    await writeFile(join(tree, "var/lib/dpkg/status"), status);
    await mkdir(join(tree, "etc"), { recursive: true });
    await writeFile(join(tree, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:\n");
    await writeFile(join(tree, "etc/group"), "root:x:0:\nwww-data:x:33:\n");
    await symlink("dash", join(tree, "bin/sh")).catch(() => undefined);
    await mkdir(join(tree, "tmp"), { recursive: true });
    await chmod(join(tree, "tmp"), 0o1777);
    await chmod(tree, 0o755);
    const archive = join(root, "image.tar");
    await $`tar -C ${tree} --numeric-owner -cf ${archive} .`.quiet();
    const change = "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    must(await daemon.berth("import", "--change", change, archive, name));
    return true;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Those that are installed. */
async function withDependencies(packages: readonly string[]): Promise<Set<string>> {
  const format = "$" + "{Package}\t$" + "{Pre-Depends}, $" + "{Depends}\n";
  const text = must(await run(["dpkg-query", "-W", "-f", format])).stdout;
  const depends = new Map(
    text.split("\n").map((line) => {
      const [name = "", all = ""] = line.split("\t");
      const names = all.split(",").map((each) => each.trim().split(/[ |:(]/)[0] ?? "");
      return [name, names] as const;
    }),
  );
  const found = new Set<string>();
  const waiting = [...packages];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const needs = depends.get(next);
    if (next === "" || needs === undefined || found.has(next)) continue;
    found.add(next);
    waiting.push(...needs);
  }
  return found;
}
