import { errorKind, errorMessage } from "../../src/spec/index.ts";

const USAGE = `Usage:  berth registry COMMAND

A private registry, and commands for any registry

Commands:
  serve        Run a registry
  gc           Remove what nothing refers to from a registry's storage
  passwd       Print a line for an htpasswd file
  ls           List a registry's repositories or a repository's tags
  inspect      Show what a registry has under a tag or digest
  rm, delete   Remove tags or, by digest, manifests
  copy         Copy an image with all its platforms from one registry to another
`;

type Command = (words: readonly string[]) => Promise<void>;

const COMMANDS: Record<string, () => Promise<Command>> = {
  serve: async () => (await import("./registry-serve.ts")).serve,
  gc: async () => (await import("./registry-serve.ts")).collectGarbage,
  passwd: async () => (await import("./registry-serve.ts")).printPassword,
  ls: async () => (await import("./registry-remote.ts")).list,
  inspect: async () => (await import("./registry-remote.ts")).inspect,
  rm: async () => (await import("./registry-remote.ts")).remove,
  delete: async () => (await import("./registry-remote.ts")).remove,
  copy: async () => (await import("./registry-remote.ts")).copy,
};

/** `berth registry …`: needs no daemon. Ends the process, except while it serves. */
export async function runRegistry(words: readonly string[]): Promise<void> {
  const [word = "--help", ...rest] = words;
  const load = COMMANDS[word];
  if (load === undefined) {
    const help = word === "--help" || word === "-h";
    (help ? process.stdout : process.stderr).write(
      help ? USAGE : `berth: unknown command: berth registry ${word}\n\n${USAGE}`,
    );
    process.exit(help ? 0 : 125);
  }
  try {
    await (await load())(rest);
  } catch (error) {
    process.stderr.write(`berth: ${errorMessage(error)}\n`);
    const misused = errorKind(error) === "invalid-argument" || isFlagError(error);
    process.exit(misused ? 125 : 1);
  }
}

/** Of `parseArgs`: a flag that is not known, or without its value. */
function isFlagError(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && code.startsWith("ERR_PARSE_ARGS");
}
