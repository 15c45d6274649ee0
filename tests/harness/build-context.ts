import { chmod, mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Output, TestDaemon } from "./daemon.ts";

/** Path → text, or what it links to. */
export type ContextFiles = Readonly<
  Record<string, string | { link: string } | { mode: number; text: string }>
>;

/** A directory below the daemon's root with a Dockerfile and other files. */
export async function contextDirectory(
  daemon: TestDaemon,
  dockerfile: string,
  files: ContextFiles = {},
): Promise<string> {
  const directory = await mkdtemp(join(daemon.root, "context-"));
  const all: ContextFiles = { ...(dockerfile === "" ? {} : { Dockerfile: dockerfile }), ...files };
  for (const [path, content] of Object.entries(all)) {
    const place = join(directory, path);
    await mkdir(dirname(place), { recursive: true });
    if (typeof content === "string") await writeFile(place, content);
    else if ("link" in content) await symlink(content.link, place);
    else {
      await writeFile(place, content.text);
      await chmod(place, content.mode);
    }
  }
  return directory;
}

/** `docker build` in the classic protocol. */
export async function dockerBuild(
  daemon: TestDaemon,
  directory: string,
  ...args: string[]
): Promise<Output> {
  return await daemon.docker("build", ...args, ".", {
    cwd: directory,
    env: { DOCKER_BUILDKIT: "0" },
  });
}
