import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ComposeFileError } from "./compose-file-error.ts";
import { parseDotenv } from "./dotenv.ts";

/** A variable and where it comes from: the shell, or a file. */
export interface Variable {
  value: string;
  source: "shell" | string;
}

/** The variables that a project's files may use: the shell's go before those of `.env`. */
export class Environment {
  readonly #variables: ReadonlyMap<string, Variable>;

  constructor(variables: ReadonlyMap<string, Variable>) {
    this.#variables = variables;
  }

  readonly lookup = (name: string): string | undefined => this.#variables.get(name)?.value;

  source(name: string): string | undefined {
    return this.#variables.get(name)?.source;
  }

  entries(): [string, Variable][] {
    return [...this.#variables].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  with(name: string, value: string, source: string): Environment {
    return new Environment(new Map(this.#variables).set(name, { value, source }));
  }

  /** More variables beneath those that are set already. */
  beneath(variables: Iterable<readonly [string, Variable]>): Environment {
    const all = new Map(variables);
    for (const [name, variable] of this.#variables) all.set(name, variable);
    return new Environment(all);
  }
}

export const shellEnvironment = (
  variables: Readonly<Record<string, string | undefined>>,
): Environment =>
  new Environment(
    new Map(
      Object.entries(variables).flatMap(([name, value]): [string, Variable][] =>
        value === undefined ? [] : [[name, { value, source: "shell" }]],
      ),
    ),
  );

/**
 * The environment with a project's files: those that were named, else `.env` of the directory if it is
 * there. Later files go before earlier ones. Throws ComposeFileError for a named file that cannot be read.
 */
export async function withEnvFiles(
  outer: Environment,
  directory: string,
  named: readonly string[] | undefined,
): Promise<Environment> {
  const found = new Map<string, Variable>();
  for (const file of named ?? [join(directory, ".env")]) {
    const path = resolve(directory, file);
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (named === undefined && (error.code === "ENOENT" || error.code === "EISDIR"))
        return undefined;
      throw new ComposeFileError(`couldn't find env file: ${path}`);
    });
    if (text === undefined) continue;
    const lookup = (name: string) => outer.lookup(name) ?? found.get(name)?.value;
    for (const [name, value] of parseDotenv(text, path, lookup)) {
      found.set(name, { value, source: path });
    }
  }
  return outer.beneath(found);
}
