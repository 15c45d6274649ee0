import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { ContextStore, checkContextName, readMetadata } from "../../connection/context-store.ts";

/** What a description and three certificates need at most. */
const LARGEST = 10 * 1024 * 1024;
const TLS_FILE = /^(?:\.\/)?tls\/docker\/((?:ca|cert|key)\.pem)$/;

export const command = defineCommand({
  usage: "CONTEXT FILE|-",
  description: "Import a context from a tar or zip file",
  args: exactly(2),
  flags: {},
  run: async ({ args, context }) => {
    const [name = "", source = ""] = args;
    const store = new ContextStore(context.configDirectory);
    checkContextName(name);
    if (store.has(name)) throw new CliError(`context "${name}" already exists`);
    const files = await archiveFiles(await readSource(source), source);
    const meta = files.get("meta.json") ?? files.get("./meta.json");
    if (meta === undefined) throw new CliError("invalid context: no metadata found");
    const metadata = readMetadata(await meta.text(), `context "${name}"`);
    const tls: Record<string, Uint8Array> = {};
    for (const [path, file] of files) {
      const [, known] = TLS_FILE.exec(path) ?? [];
      if (known !== undefined) tls[known] = new Uint8Array(await file.arrayBuffer());
    }
    store.writeTls(name, tls);
    store.write({ ...metadata, Name: name });
    context.stdout.line(name);
    context.stderr.line(`Successfully imported context "${name}"`);
    return undefined;
  },
});

async function readSource(source: string): Promise<Uint8Array> {
  if (source === "-") return await readBounded(Bun.stdin.stream());
  const file = Bun.file(source);
  if (!(await file.exists())) throw new CliError(`open ${source}: no such file or directory`);
  return await readBounded(file.stream());
}

async function readBounded(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > LARGEST) throw new CliError("the context is larger than 10 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function archiveFiles(bytes: Uint8Array, source: string): Promise<Map<string, File>> {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    throw new CliError(`Cannot import "${source}": it is a zip file; turn it into a tar`);
  }
  try {
    return await new Bun.Archive(bytes).files();
  } catch (error) {
    throw new CliError(`Cannot import "${source}": it is no tar archive`, 1, { cause: error });
  }
}
