import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { decompress, detectCompression, TarReader } from "../../archive/index.ts";
import { invalidArgument } from "../../spec/index.ts";

/** Programs for what Berth does not decompress itself. */
const PROGRAMS: Readonly<Record<string, string>> = { bzip2: "bzip2", xz: "xz" };

/** Is the file a tar, compressed or not? Decided by its content, as Docker does. */
export async function isArchive(path: string): Promise<boolean> {
  try {
    const reader = new TarReader(readArchive(path));
    return (await reader.next()) !== undefined;
  } catch {
    // Whatever it is, no tar begins like this.
    return false;
  }
}

/** The tar of an archive, decompressed. */
export async function* readArchive(path: string): AsyncGenerator<Uint8Array> {
  const program = PROGRAMS[detectCompression(await beginning(path))];
  if (program === undefined) {
    yield* decompress(createReadStream(path, { highWaterMark: 256 * 1024 }));
    return;
  }
  if (Bun.which(program) === null) {
    throw invalidArgument(
      `Cannot unpack "${path}": there is no ${program} on this host; install it`,
    );
  }
  const child = Bun.spawn([program, "-dc"], {
    stdin: Bun.file(path),
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    yield* child.stdout;
    if ((await child.exited) !== 0) throw invalidArgument(`Cannot unpack "${path}": it is damaged`);
  } finally {
    child.kill("SIGKILL");
  }
}

async function beginning(path: string): Promise<Uint8Array> {
  await using file = await open(path);
  const start = new Uint8Array(6);
  await file.read(start, 0, start.length, 0);
  return start;
}
