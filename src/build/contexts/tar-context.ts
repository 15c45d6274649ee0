import { decompress, fromByteString, type TarEntry, TarReader } from "../../archive/index.ts";
import { type BuildContextEntry, invalidArgument } from "../../spec/index.ts";
import { letOthersWork } from "../files/let-others-work.ts";
import { ManifestTree } from "../files/manifest-tree.ts";
import type { ContextFiles } from "./context-files.ts";

/** Files up to this size go through memory. Bytes. */
const SMALL = 256 * 1024;

/**
 * A context that comes as a tar, compressed or not. Its files go into the pool by their digests and its names into
 * a manifest: no path of the archive is ever one of the host's, and what the pool has is not written again.
 */
export async function tarContext(
  files: ContextFiles,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ManifestTree> {
  const reader = new TarReader(decompress(body));
  const entries = new Map<string, BuildContextEntry>();
  for (let member = await reader.next(); member; member = await reader.next()) {
    signal.throwIfAborted();
    await letOthersWork();
    const path = cleanMember(member.path);
    const entry = await toEntry(files, reader, member, path, entries);
    // What comes later counts; a directory that is described after its files keeps them.
    if (entry !== undefined) entries.set(path, entry);
  }
  return new ManifestTree(withParents(entries), (sha256) => files.path(sha256));
}

async function toEntry(
  files: ContextFiles,
  reader: TarReader,
  member: TarEntry,
  path: string,
  entries: ReadonlyMap<string, BuildContextEntry>,
): Promise<BuildContextEntry | undefined> {
  if (path === "") return undefined;
  const { mode, modified, type, linkTarget } = member;
  const mtime = modified.seconds + modified.nanoseconds / 1e9;
  const common = { path, mode: mode & 0o7777, size: 0, mtime };
  switch (type) {
    case "directory":
      return { ...common, type: "directory" };
    case "symlink":
      return { ...common, type: "symlink", target: fromByteString(linkTarget) };
    case "file":
      return { ...common, type: "file", ...(await storeContent(files, reader, member)) };
    case "link": {
      const first = entries.get(cleanMember(linkTarget));
      if (first === undefined) {
        throw invalidArgument(`Cannot take the context: "${path}" is a hard link to nothing`);
      }
      return { ...first, path };
    }
    default:
      // Devices and the like are nothing that is copied.
      return undefined;
  }
}

async function storeContent(
  files: ContextFiles,
  reader: TarReader,
  member: TarEntry,
): Promise<{ sha256: string; size: number }> {
  if (member.sparse !== undefined) {
    throw invalidArgument("Cannot take the context: it has sparse files; write them as plain ones");
  }
  if (member.size > SMALL) return await files.put(contentOf(reader));
  const chunks: Buffer[] = [];
  for await (const chunk of contentOf(reader)) chunks.push(Buffer.from(chunk));
  return files.putSmall(Buffer.concat(chunks));
}

async function* contentOf(reader: TarReader): AsyncGenerator<Uint8Array> {
  for (let chunk = await reader.read(); chunk; chunk = await reader.read()) yield chunk;
}

/** Relative, without `.`; one that climbs out is refused. */
function cleanMember(name: string): string {
  const text = fromByteString(name);
  const parts: string[] = [];
  for (const part of text.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) {
      throw invalidArgument(`Cannot take the context: "${text}" points outside of it`);
    }
  }
  return parts.join("/");
}

/** Nothing lies below what is no directory: later members have replaced it. */
function* withParents(
  entries: ReadonlyMap<string, BuildContextEntry>,
): Generator<BuildContextEntry> {
  for (const [path, entry] of entries) {
    let at = path.indexOf("/");
    for (; at >= 0; at = path.indexOf("/", at + 1)) {
      const above = entries.get(path.slice(0, at));
      if (above !== undefined && above.type !== "directory") break;
    }
    if (at < 0) yield entry;
  }
}
