import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { IgnorePatterns } from "../../../spec/ignore-patterns.ts";
import { CliError } from "../../cli-error.ts";
import { looksLikeArchive, type PeekedInput, peekInput } from "./peek-input.ts";
import { checkGitUrl, isGitUrl, isUrl } from "./remote-url.ts";

/** Where a build's files and its Dockerfile come from, before anything is sent. */
export type LocatedContext = DockerfileSource &
  (
    | {
        readonly kind: "directory";
        /** Absolute. */
        readonly root: string;
        readonly ignore: IgnorePatterns;
        readonly ignoreFile?: string;
      }
    | { readonly kind: "tar"; readonly body: AsyncIterable<Uint8Array> }
    | { readonly kind: "git" | "url"; readonly url: string }
    | { readonly kind: "empty" }
  );

interface DockerfileSource {
  /** Text of a Dockerfile that the daemon cannot find by itself. */
  readonly dockerfile?: string;
  /** Its path in the context, or the name that errors show. */
  readonly dockerfilePath?: string;
}

const DEFAULT_NAME = "Dockerfile";

/** `context` is the argument of the command, `file` the value of `-f`, empty where not given. */
export async function locateContext(context: string, file: string): Promise<LocatedContext> {
  if (context === "-" && file === "-") {
    throw new CliError("invalid argument: can't use stdin for both build context and dockerfile");
  }
  if (context === "-") return standardInputContext(file);
  const given = file === "-" ? await dockerfileOfInput() : undefined;
  if (isGitUrl(context)) {
    checkGitUrl(context);
    return { kind: "git", url: context, ...(given ?? pathOnly(file)) };
  }
  if (isUrl(context)) return { kind: "url", url: context, ...(given ?? pathOnly(file)) };
  return localContext(context, file, given);
}

const pathOnly = (file: string): DockerfileSource => (file === "" ? {} : { dockerfilePath: file });

async function dockerfileOfInput(): Promise<DockerfileSource> {
  return { dockerfile: await Bun.stdin.text(), dockerfilePath: "-" };
}

async function standardInputContext(file: string): Promise<LocatedContext> {
  const input = await peekInput();
  if (looksLikeArchive(input.head)) return { kind: "tar", body: input.body, ...pathOnly(file) };
  const dockerfile = await textOf(input);
  if (dockerfile.trim() === "") {
    throw new CliError(
      "unable to prepare context: standard input is empty: it is to be a Dockerfile or a tar",
    );
  }
  return { kind: "empty", dockerfile, dockerfilePath: file === "" ? "-" : file };
}

async function textOf({ body }: PeekedInput): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk.slice());
  return Buffer.concat(chunks).toString();
}

function localContext(
  context: string,
  file: string,
  given: DockerfileSource | undefined,
): LocatedContext {
  const status = statSync(context, { throwIfNoEntry: false });
  if (status === undefined) {
    throw new CliError(`unable to prepare context: path "${context}" not found`);
  }
  if (status.isFile()) {
    return { kind: "tar", body: fileChunks(context), ...(given ?? pathOnly(file)) };
  }
  if (!status.isDirectory()) {
    throw new CliError(`unable to prepare context: context must be a directory: ${context}`);
  }
  const root = resolve(context);
  const path = given === undefined ? dockerfileAt(root, file) : undefined;
  const rules = ignoreRules(root, path ?? (file === "-" ? undefined : file));
  return {
    kind: "directory",
    root,
    ...rules,
    ...(given ?? readDockerfile(root, path ?? "")),
  };
}

/** A directory, tar or address without a Dockerfile of its own: for `--build-context`. */
export function locateTree(path: string): LocatedContext {
  if (isGitUrl(path)) {
    checkGitUrl(path);
    return { kind: "git", url: path };
  }
  if (isUrl(path)) return { kind: "url", url: path };
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile() === true) return { kind: "tar", body: fileChunks(path) };
  if (status?.isDirectory() !== true) {
    throw new CliError(`failed to get build context: path "${path}" not found`);
  }
  const root = resolve(path);
  return { kind: "directory", root, ...ignoreRules(root, undefined) };
}

async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of Bun.file(path).stream()) yield chunk;
}

/** `-f` is relative to the working directory, the default one to the context. */
function dockerfileAt(root: string, file: string): string {
  if (file !== "") return resolve(file);
  const usual = `${root}/${DEFAULT_NAME}`;
  const lower = `${root}/${DEFAULT_NAME.toLowerCase()}`;
  return existsSync(usual) || !existsSync(lower) ? usual : lower;
}

function readDockerfile(root: string, path: string): DockerfileSource {
  let dockerfile: string;
  try {
    dockerfile = readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const why =
      code === "ENOENT" ? "no such file" : code === "EISDIR" ? "it is a directory" : String(error);
    throw new CliError(
      `unable to prepare context: cannot read the Dockerfile ${path}: ${why}${others(root)}`,
      1,
      { cause: error },
    );
  }
  const within = relative(root, path);
  return { dockerfile, dockerfilePath: within.startsWith("..") ? path : within };
}

/** Names of Dockerfiles that are there. */
function others(root: string): string {
  const names = readdirSync(root).filter((name) =>
    /^(?:Dockerfile\..+|.+\.Dockerfile|Containerfile)$/i.test(name),
  );
  const likely = names.filter((name) => !name.endsWith(".dockerignore"));
  return likely.length === 0 ? "" : ` (there is ${likely.join(", ")}: name it with -f)`;
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile comes before `.dockerignore` of the context. */
function ignoreRules(
  root: string,
  dockerfile: string | undefined,
): { ignore: IgnorePatterns; ignoreFile?: string } {
  const own =
    dockerfile === undefined ? [] : [`${dirname(dockerfile)}/${basename(dockerfile)}.dockerignore`];
  for (const path of [...own, `${root}/.dockerignore`]) {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch {
      continue;
    }
    return { ignore: IgnorePatterns.parse(text, path), ignoreFile: text };
  }
  return { ignore: IgnorePatterns.of([]) };
}
