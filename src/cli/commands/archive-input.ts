import { statSync } from "node:fs";
import type { RequestBody } from "../../client/index.ts";
import { CliError } from "../cli-error.ts";
import { fileProblem } from "../container-config/environment.ts";

/** A file as the body of a request. Failures read as Go's. */
export function fileInput(path: string): RequestBody {
  try {
    const status = statSync(path);
    if (status.isDirectory()) throw new CliError(`read ${path}: is a directory`);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`open ${path}: ${fileProblem(error)}`, 1, { cause: error });
  }
  return Bun.file(path);
}

/** Standard input as the body of a request. */
export async function* standardInput(): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of Bun.stdin.stream()) yield chunk;
}
