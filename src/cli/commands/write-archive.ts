import { rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { fileProblem } from "../container-config/environment.ts";
import { isTerminal } from "../terminal/is-terminal.ts";

/**
 * Writes an archive to a file, which appears under its name only when it is whole, or to standard output
 * where that is no terminal.
 */
export async function writeArchive(
  { stdout }: CommandContext,
  path: string,
  verb: ArchiveVerb,
  open: () => Promise<AsyncIterable<Uint8Array>>,
): Promise<void> {
  if (path === "") {
    if (isTerminal(stdout.fd)) {
      throw new CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }
    for await (const chunk of await open()) await stdout.send(chunk);
    return;
  }
  await checkTarget(path, verb);
  const chunks = await open();
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const writer = Bun.file(temporary).writer();
    for await (const chunk of chunks) {
      writer.write(chunk);
      await writer.flush();
    }
    await writer.end();
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

const FAILURES = {
  export: "failed to export container",
  save: "failed to save image",
  "export volume": "failed to export volume",
} as const;

type ArchiveVerb = keyof typeof FAILURES;

async function checkTarget(path: string, verb: ArchiveVerb): Promise<void> {
  const what = FAILURES[verb];
  const directory = dirname(path);
  try {
    await stat(directory);
  } catch (error) {
    throw new CliError(
      `${what}: invalid output path: stat ${directory}: ${fileProblem(error)}`,
      1,
      { cause: error },
    );
  }
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory() === true) {
    throw new CliError(`${what}: cannot write to a directory`);
  }
}
