import { existsSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { invalidArgument } from "../../spec/index.ts";

export interface GitReference {
  readonly remote: string;
  /** A branch, tag or commit; empty for the remote's own choice. */
  readonly ref: string;
  /** Below the repository's root; empty for the root. */
  readonly directory: string;
}

/** `https://host/x.git#ref:dir`, `git@host:x.git#ref`, `github.com/x/y`; undefined for anything else. */
export function parseGitUrl(text: string): GitReference | undefined {
  const [address = "", fragment = ""] = text.split(/#(.*)/s, 2);
  const isGit =
    /^(?:git|ssh|git\+https?):\/\//.test(address) ||
    /^https?:\/\/.*\.git$/.test(address) ||
    (/^https?:\/\//.test(address) && fragment !== "" && /\.git\//.test(`${address}/`)) ||
    /^git@[\w.-]+:/.test(address);
  const isShort = /^github\.com\//.test(address);
  if (!isGit && !isShort) return undefined;
  const [ref = "", directory = ""] = fragment.split(/:(.*)/s, 2);
  const remote = isShort ? `https://${address}` : address.replace(/^git\+/, "");
  return { remote, ref, directory };
}

/** A commit as git names it in full. */
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/**
 * A working tree of a commit in `place`, which is made. Neither address nor ref can be taken for an option,
 * no hook, helper or configuration of the host is used, and only http(s), ssh and git are spoken.
 */
export class GitCheckout {
  readonly #place: string;
  readonly #signal: AbortSignal;

  constructor(place: string, signal: AbortSignal) {
    this.#place = place;
    this.#signal = signal;
  }

  /** The commit that the ref stands for, without fetching it. */
  async resolve({ remote, ref }: GitReference): Promise<string> {
    checkSafe(remote, ref);
    if (COMMIT.test(ref)) return ref;
    const wanted = ref === "" ? "HEAD" : ref;
    const listed = await this.#git(["ls-remote", "--", remote], "/");
    const refs = new Map(
      listed.split("\n").map((line) => {
        const [commit = "", name = ""] = line.split("\t");
        return [name, commit] as const;
      }),
    );
    const names = [wanted, `refs/tags/${wanted}^{}`, `refs/tags/${wanted}`, `refs/heads/${wanted}`];
    const found = names.map((name) => refs.get(name)).find((commit) => commit !== undefined);
    if (found === undefined) {
      throw invalidArgument(`repository "${remote}" does not contain ref "${wanted}"`);
    }
    return found;
  }

  /** Fetches a commit and writes its files. The directory of the files, inside of the tree. */
  async checkOut(
    { remote, ref, directory }: GitReference,
    commit: string,
    keepGitDirectory: boolean,
  ): Promise<string> {
    checkSafe(remote, ref);
    // As Git would make it, since `ADD` hands the mode on; its parent lets nobody list it.
    mkdirSync(this.#place, { recursive: true, mode: 0o755 });
    await this.#git(["init", "--quiet", "."]);
    await this.#fetch(remote, ref, commit);
    await this.#git(["checkout", "--quiet", "--detach", commit]);
    if (existsSync(join(this.#place, ".gitmodules"))) {
      await this.#git(["submodule", "update", "--init", "--recursive", "--depth=1"]);
    }
    if (!keepGitDirectory) await rm(join(this.#place, ".git"), { recursive: true, force: true });
    const clean = join("/", directory).slice(1);
    return clean;
  }

  /** A server may not give away commits by name: then the ref is asked for, or everything. */
  async #fetch(remote: string, ref: string, commit: string): Promise<void> {
    const attempts = [
      ["--depth=1", "--", remote, commit],
      ...(ref === "" || COMMIT.test(ref) ? [] : [["--depth=1", "--", remote, ref]]),
      ["--tags", "--", remote, "+refs/heads/*:refs/remotes/origin/*"],
    ];
    let failure: unknown;
    for (const attempt of attempts) {
      try {
        await this.#git(["fetch", "--quiet", "--no-tags", ...attempt]);
        await this.#git(["cat-file", "-e", `${commit}^{commit}`]);
        return;
      } catch (error) {
        this.#signal.throwIfAborted();
        failure = error;
      }
    }
    throw failure;
  }

  async #git(args: readonly string[], directory = this.#place): Promise<string> {
    const settings = ["protocol.allow=never", "core.hooksPath=/dev/null", "core.fsmonitor=false"];
    for (const protocol of ["http", "https", "ssh", "git"]) {
      settings.push(`protocol.${protocol}.allow=always`);
    }
    const command = ["git", ...settings.flatMap((each) => ["-c", each]), ...args];
    const child = spawnGit(command, directory, this.#signal);
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const code = await child.exited;
    this.#signal.throwIfAborted();
    if (code === 0) return output;
    const why = errors.trim().split("\n").slice(-3).join("; ");
    throw invalidArgument(`git ${args[0]} failed: ${why || `exit code ${code}`}`);
  }
}

function spawnGit(
  command: string[],
  directory: string,
  signal: AbortSignal,
): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  try {
    return Bun.spawn(command, {
      cwd: directory,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      signal,
      killSignal: "SIGKILL",
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: "/nonexistent",
        LC_ALL: "C",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_TERMINAL_PROMPT: "0",
        GIT_SSH_COMMAND: "ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new",
      },
    });
  } catch (error) {
    throw invalidArgument(
      "Cannot read a git repository: there is no git on this host; install it",
      error,
    );
  }
}

function checkSafe(remote: string, ref: string): void {
  const isBad = (text: string): boolean => text.startsWith("-") || /[\s\0]/.test(text);
  if (isBad(remote)) throw invalidArgument(`invalid git repository "${remote}"`);
  if (isBad(ref)) throw invalidArgument(`invalid git ref "${ref}"`);
  const host = /^(?:\w+:\/\/)?(?:[^@/]*@)?([^/:]*)/.exec(remote)?.[1] ?? "";
  if (host.startsWith("-")) throw invalidArgument(`invalid git repository "${remote}"`);
}
