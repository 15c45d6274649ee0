import { posix } from "node:path";
import { decompress, TarReader } from "../../archive/index.ts";
import { type Digest, invalidArgument, isDigest } from "../../spec/index.ts";
import type { BlobInfo, ContentStore } from "../../store/index.ts";

/** What an image archive holds: its few named documents in memory, everything else in the content store. */
export interface ImageArchive {
  /** `manifest.json`, `index.json` and their like. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  /** Path → blob, links followed. */
  blob(path: string): BlobInfo | undefined;
}

const DOCUMENTS = new Set(["manifest.json", "index.json", "oci-layout", "repositories"]);
const DOCUMENT_LIMIT = 16 << 20;
/** Files of the oldest format that later ones repeat. */
const IGNORED = /(^|\/)(VERSION|json)$/;
const OCI_BLOB = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/;
const MOST_FILES = 100_000;

/**
 * Reads an archive once, in constant memory. Paths are keys only and never reach the file system. Blobs of
 * an OCI layout are verified against their names. Everything stored is held by `held`.
 */
export async function readArchive(
  content: ContentStore,
  body: AsyncIterable<Uint8Array>,
  held: DisposableStack,
  signal: AbortSignal,
): Promise<ImageArchive> {
  const documents = new Map<string, Uint8Array>();
  const blobs = new Map<string, BlobInfo>();
  const links = new Map<string, string>();
  const reader = new TarReader(decompress(body));
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    signal.throwIfAborted();
    const path = cleanPath(entry.path);
    if (entry.type === "link") links.set(path, cleanPath(entry.linkTarget));
    if (entry.type === "symlink") {
      links.set(path, cleanPath(posix.join(posix.dirname(path), entry.linkTarget)));
    }
    if (entry.type !== "file" || IGNORED.test(path)) continue;
    if (DOCUMENTS.has(path)) documents.set(path, await reader.readAll(DOCUMENT_LIMIT));
    else blobs.set(path, await storeMember(content, reader, path, entry.size, held, signal));
    if (blobs.size > MOST_FILES) throw invalidArgument("Cannot load images: too many files");
  }
  return { documents, blob: (path) => followLinks(cleanPath(path), blobs, links) };
}

const cleanPath = (path: string): string => posix.join("/", path).slice(1);

function followLinks(
  path: string,
  blobs: ReadonlyMap<string, BlobInfo>,
  links: ReadonlyMap<string, string>,
): BlobInfo | undefined {
  let at: string | undefined = path;
  for (let hops = 0; at !== undefined && hops < 10; hops++) {
    const found = blobs.get(at);
    if (found !== undefined) return found;
    at = links.get(at);
  }
  return undefined;
}

async function storeMember(
  content: ContentStore,
  reader: TarReader,
  path: string,
  size: number,
  held: DisposableStack,
  signal: AbortSignal,
): Promise<BlobInfo> {
  const named = digestOf(path);
  if (named !== undefined) {
    held.use(content.hold(named));
    const known = content.stat(named);
    if (known !== undefined) return known;
  }
  const writer =
    named === undefined ? await content.create() : await content.ingest(named, { size, signal });
  if (writer === undefined) return { digest: named as Digest, size };
  try {
    if (writer.offset > 0) await writer.restart();
    for (let part = await reader.read(); part !== undefined; part = await reader.read()) {
      await writer.write(part);
    }
    const info = await writer.commit();
    if (named === undefined) held.use(content.hold(info.digest));
    return info;
  } finally {
    await writer.close();
  }
}

function digestOf(path: string): Digest | undefined {
  const [, algorithm, hex] = OCI_BLOB.exec(path) ?? [];
  const digest = `${algorithm}:${hex}`;
  return algorithm !== undefined && isDigest(digest) ? digest : undefined;
}
