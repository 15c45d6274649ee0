import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";

/** Where something that the build sends back goes. */
export interface Destination {
  /** `directory`: the tar is unpacked there. `file`: it is written; `-` is standard output. */
  readonly kind: "directory" | "file";
  readonly path: string;
}

/** Takes one output of a build. A file that could not be written whole is removed. */
export async function receiveOutput(
  stream: AsyncIterable<Uint8Array>,
  { kind, path }: Destination,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  if (kind === "directory") {
    mkdirSync(path, { recursive: true });
    const trees = await context.trees();
    await trees.unpack(stream, path, { signal, replace: true });
    return;
  }
  if (path === "-") {
    for await (const chunk of stream) await context.stdout.send(chunk);
    return;
  }
  await writeFile(stream, path);
}

async function writeFile(stream: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const file = createWriteStream(path, { mode: 0o644 });
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  file.on("error", (error) =>
    failed.reject(new CliError(`cannot write ${path}: ${error.message}`, 1, { cause: error })),
  );
  try {
    for await (const chunk of stream) {
      const written = Promise.withResolvers<void>();
      file.write(chunk, (error) => (error ? written.reject(error) : written.resolve()));
      await Promise.race([written.promise, failed.promise]);
    }
    const ended = Promise.withResolvers<void>();
    file.end(() => ended.resolve());
    await Promise.race([ended.promise, failed.promise]);
  } catch (error) {
    file.destroy();
    rmSync(path, { force: true });
    throw error;
  }
}
