import { unpackTar } from "../../src/archive/index.ts";
import { CliError } from "../../src/cli/cli-error.ts";
import type { TreeFiles } from "../../src/cli/tree-files.ts";

/** Root unpacks in a process that is locked into the directory; others, who cannot lock one, use tar(1). */
export const treeFiles: TreeFiles = {
  async unpack(stream, directory, signal) {
    const uid = process.getuid?.() ?? 0;
    if (uid !== 0) {
      await unpackWithTar(stream, directory, signal);
      return;
    }
    const owner = { uid, gid: process.getgid?.() ?? 0 };
    await unpackTar(stream, directory, { mode: "plain", copyOwners: false, owner, signal });
  },
};

async function unpackWithTar(
  stream: AsyncIterable<Uint8Array>,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const child = Bun.spawn(["tar", "-x", "-f", "-", "-C", directory, "--no-same-owner"], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
    signal,
  });
  const errors = new Response(child.stderr).text();
  for await (const chunk of stream) {
    child.stdin.write(chunk);
    await child.stdin.flush();
  }
  await child.stdin.end();
  if ((await child.exited) === 0) return;
  throw new CliError(`cannot unpack into ${directory}: ${(await errors).trim()}`);
}
