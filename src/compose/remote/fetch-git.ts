import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { checkGitUrl } from "../../cli/build/context/remote-url.ts";
import type { CommandContext } from "../../cli/command.ts";
import { FILE_NAMES, inDirectory, type RemoteFiles } from "../file/load-files.ts";
import { cached } from "./fetch-cache.ts";

/** `https://host/repository.git#ref:directory`, as Docker writes git repositories. */
export async function fetchGit(context: CommandContext, address: string): Promise<RemoteFiles> {
  checkGitUrl(address);
  const [repository = "", fragment = ""] = address.split("#", 2);
  const [ref = "", inside = ""] = fragment.split(":", 2);
  const url = repository.startsWith("github.com/") ? `https://${repository}` : repository;
  const commit = await commitOf(url, ref);
  const name = basename(new URL(`x:///${url.replace(/^.*[:/]/, "")}`).pathname).replace(
    /\.git$/,
    "",
  );
  const place = await cached(context, join("git", commit, name), async (directory) => {
    await git("init", "--quiet", directory);
    await git("-C", directory, "fetch", "--quiet", "--depth=1", "--no-tags", url, commit);
    await git("-C", directory, "checkout", "--quiet", "--detach", commit);
  });
  return { file: fileAt(place, inside, address), confine: place };
}

async function commitOf(url: string, ref: string): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(ref)) return ref;
  const wanted = ref === "" ? "HEAD" : ref;
  const lines = (await git("ls-remote", url, wanted, `${wanted}^{}`)).split("\n");
  const found = lines.map((line) => line.split("\t")).filter(([commit]) => commit !== "");
  // An annotated tag's commit comes after the tag itself.
  const [commit] = found.at(-1) ?? [];
  if (commit === undefined) throw new Error(`"${url}" has no "${wanted}"`);
  return commit;
}

function fileAt(place: string, inside: string, address: string): string {
  const path = join(place, inside);
  if (path !== place && !path.startsWith(`${place}/`)) {
    throw new Error(`"${inside}" leads out of the repository`);
  }
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile()) return path;
  const file = inDirectory(path, FILE_NAMES).find((each) => existsSync(each));
  if (file !== undefined) return file;
  throw new Error(`"${address}" holds no Compose file: it has none of ${FILE_NAMES.join(", ")}`);
}

/** Runs git, which asks nobody anything; its output. */
async function git(...words: string[]): Promise<string> {
  const program = Bun.which("git");
  if (program === null)
    throw new Error("git is not installed, and repositories are fetched with it");
  const child = Bun.spawn([program, "-c", "protocol.ext.allow=never", ...words], {
    env: { ...process.env, GIT_TERMINAL_PROMPT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`git: ${complaint.trim()}`);
  return output.trim();
}
