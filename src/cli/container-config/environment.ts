import { CliError } from "../cli-error.ts";
import { splitPair } from "../flags/flag-kinds.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** `-e`: `NAME=value`, or `NAME` for the value in the caller's environment. */
export function validateVariable(text: string, environment: Environment = process.env): string {
  if (text === "" || text.startsWith("=")) {
    throw new Error(`invalid environment variable: ${text}`);
  }
  if (text.includes("=")) return text;
  const value = environment[text];
  return value === undefined ? text : `${text}=${value}`;
}

/** Variables of files before those of flags, so that flags win. */
export async function readVariables(
  files: readonly string[],
  variables: readonly string[],
  environment: Environment,
): Promise<string[]> {
  return [...(await readAll(files, (name) => environment[name])), ...variables];
}

/** Labels of files and flags; the last one with a key wins. */
export async function readLabels(
  files: readonly string[],
  labels: readonly string[],
): Promise<Record<string, string>> {
  const pairs = [...(await readAll(files, () => undefined)), ...labels];
  return Object.fromEntries(pairs.map(splitPair));
}

export function validateLabel(text: string): string {
  if (text.startsWith("=")) throw new Error(`invalid label '${text}': empty name`);
  return text;
}

async function readAll(files: readonly string[], lookup: Lookup): Promise<string[]> {
  const pairs: string[] = [];
  for (const path of files) pairs.push(...(await readPairs(path, lookup)));
  return pairs;
}

type Lookup = (name: string) => string | undefined;

/**
 * `NAME=value` lines of a file; `#` starts a comment line. A bare name takes its value from `lookup`,
 * and is left out without one.
 */
async function readPairs(path: string, lookup: Lookup): Promise<string[]> {
  const pairs: string[] = [];
  for (const [index, line] of (await readText(path)).split(/\r?\n/).entries()) {
    const text = (index === 0 ? line.replace(/^\ufeff/, "") : line).trimStart();
    if (text === "" || text.startsWith("#")) continue;
    const [name, value] = splitPair(text);
    const fail = (why: string): CliError => new CliError(`invalid env file (${path}): ${why}`);
    if (name === "") throw fail(`no variable name on line '${text}'`);
    if (/\s/.test(name)) throw fail(`variable '${name}' contains whitespaces`);
    const found = text.includes("=") ? value : lookup(name);
    if (found !== undefined) pairs.push(`${name}=${found}`);
  }
  return pairs;
}

/** A file's text. Failures read as Go's: `open PATH: no such file or directory`. */
export async function readText(path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    throw new CliError(`open ${path}: ${fileProblem(error)}`, 1, { cause: error });
  }
}

export function fileProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "is a directory";
  if (code === "EEXIST") return "file exists";
  if (code === "ENOTDIR") return "not a directory";
  return error instanceof Error ? error.message : String(error);
}
