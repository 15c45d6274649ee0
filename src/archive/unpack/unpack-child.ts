import { createHash } from "node:crypto";
import { changeDirectory } from "../../linux/confinement.ts";
import { copyRange } from "../../linux/copy-range.ts";
import { close, read } from "../../linux/file.ts";
import type { Digest } from "../../spec/index.ts";
import { type ByteString, fromByteString, toByteString } from "../byte-string.ts";
import { failChild } from "../child-protocol.ts";
import { decompress } from "../compression.ts";
import { FileSource } from "../file-source.ts";
import { enterRoot } from "../locked-root.ts";
import { cleanPath } from "../path.ts";
import { archiveError, type TarEntry } from "../tar/entry.ts";
import { TarReader } from "../tar/reader.ts";
import type { TreeMount, UnpackOptions, UnpackResult } from "../tree-options.ts";
import { acceptsLayerXattr, LayerRules } from "./layer-rules.ts";
import { TreeWriter } from "./tree-writer.ts";

export interface UnpackRequest extends Omit<UnpackOptions, "signal" | "mounts"> {
  root: string;
  mounts: readonly TreeMount[];
  /** Standard input is a file that holds a plain tar with this digest. */
  file?: { digest: Digest; size: number };
}

const STDIN = 0;
/** What a pipe or a socket gives at once: a larger buffer would stay empty behind that. */
const READ_SIZE = 64 * 1024;
/** Directories that a result names; more are nobody's layer. */
const MAX_IMPLIED = 10_000;

/**
 * `berth unpack <request as JSON>`: reads a tar from stdin, unpacks it, and writes the result as JSON to
 * stdout (or a failure to stderr, with exit code 1). Reading is synchronous: nothing else happens here.
 */
export async function runUnpack(argument: string): Promise<never> {
  try {
    const request = JSON.parse(argument) as UnpackRequest;
    if (request.unconfined === true) changeDirectory(request.root);
    else {
      enterRoot(request.root, request.mounts);
      changeDirectory(request.path ?? "/");
    }
    const result = await unpack(request);
    process.stdout.write(JSON.stringify(result));
    process.exit(0);
  } catch (error) {
    failChild(error);
  }
}

async function* standardInput(): AsyncGenerator<Uint8Array> {
  for (;;) {
    // Not reused: a decompressor holds on to what it was given.
    const buffer = new Uint8Array(new ArrayBuffer(READ_SIZE));
    const count = read(STDIN, buffer);
    if (count === 0) return;
    yield buffer.subarray(0, count);
  }
}

/** What follows a compressed stream's end is nobody's, but whoever sends it wants to see it taken. */
function drainInput(): void {
  const buffer = new Uint8Array(new ArrayBuffer(READ_SIZE));
  while (read(STDIN, buffer) > 0);
}

async function unpack(request: UnpackRequest): Promise<UnpackResult> {
  const { file } = request;
  if (file === undefined) return await unpackStream(request);
  const unpacking = new Unpacking(request, new TarReader(new FileSource(STDIN)));
  await unpacking.run();
  return { ...unpacking.result(), tarSize: file.size, digest: file.digest };
}

async function unpackStream(request: UnpackRequest): Promise<UnpackResult> {
  const hash = createHash("sha256");
  let tarSize = 0;
  const measured = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of decompress(standardInput())) {
      if (request.unhashed !== true) hash.update(chunk);
      tarSize += chunk.length;
      yield chunk;
    }
  };
  const unpacking = new Unpacking(request, new TarReader(measured()));
  await unpacking.run();
  drainInput();
  return { ...unpacking.result(), tarSize, digest: `sha256:${hash.digest("hex")}` as Digest };
}

/** Of a stranger's archive only what a user may set. */
const acceptsXattrOf = ({ unconfined }: UnpackRequest) =>
  unconfined === true ? (name: string) => name.startsWith("user.") : () => true;

class Unpacking {
  readonly #reader: TarReader;
  readonly #tree: TreeWriter;
  readonly #rules: LayerRules | undefined;
  readonly #rename: { from: ByteString; to: ByteString } | undefined;
  #bytes = 0;
  #files = 0;

  constructor(request: UnpackRequest, reader: TarReader) {
    const layer = request.mode === "layer";
    const owner = request.owner ?? { uid: 0, gid: 0 };
    this.#reader = reader;
    this.#tree = new TreeWriter({
      noOverwriteDirNonDir: request.noOverwriteDirNonDir === true,
      acceptsXattr: layer ? acceptsLayerXattr : acceptsXattrOf(request),
      ...(request.copyOwners === false || request.owner !== undefined ? { owner } : {}),
      ...(request.unconfined === true ? { unconfined: true } : {}),
    });
    this.#rename = request.rename && {
      from: cleanPath(toByteString(request.rename.from)),
      to: cleanPath(toByteString(request.rename.to)),
    };
    this.#rules = layer ? new LayerRules(this.#tree) : undefined;
    if (layer) this.#tree.implied.add("");
  }

  result(): Pick<UnpackResult, "bytes" | "files" | "implied"> {
    const implied = [...this.#tree.implied].slice(0, MAX_IMPLIED).map(fromByteString);
    return { bytes: this.#bytes, files: this.#files, implied };
  }

  async run(): Promise<void> {
    for (;;) {
      const entry = await this.#reader.next();
      if (entry === undefined) break;
      const path = this.#renamed(cleanPath(entry.path));
      if (this.#rules?.takeWhiteout(path) === true) continue;
      this.#rules?.beforeMember(path, entry.type === "directory");
      if (entry.type === "file") await this.#file(path, entry);
      else
        this.#tree.write(
          path,
          entry,
          entry.type === "link" ? this.#renamed(cleanPath(entry.linkTarget)) : "",
        );
      this.#files++;
    }
    this.#tree.finish();
  }

  #renamed(path: ByteString): ByteString {
    if (this.#rename === undefined) return path;
    const { from, to } = this.#rename;
    if (path === from) return to;
    if (from === "") return to === "" ? path : `${to}/${path}`;
    return path.startsWith(`${from}/`) ? `${to}${path.slice(from.length)}` : path;
  }

  async #file(path: ByteString, entry: TarEntry): Promise<void> {
    const fd = this.#tree.createFile(path);
    try {
      const range = this.#reader.takeRange();
      if (range !== undefined) copyMember(range, fd);
      for (let chunk = await this.#reader.read(); chunk; chunk = await this.#reader.read()) {
        const position = entry.sparse === undefined ? undefined : this.#reader.position;
        this.#tree.writeChunk(fd, chunk, position);
      }
    } catch (error) {
      close(fd);
      throw error;
    }
    this.#tree.finishFile(fd, path, entry);
    this.#bytes += entry.size;
  }
}

function copyMember({ position, length }: { position: number; length: number }, fd: number): void {
  if (copyRange(STDIN, position, fd, length) < length) {
    throw archiveError("it ends in the middle of a member");
  }
}
