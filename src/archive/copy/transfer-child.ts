import { constants } from "node:fs";
import { seekTo } from "../../linux/clone-file.ts";
import { enterDirectory } from "../../linux/confinement.ts";
import { copyRange } from "../../linux/copy-range.ts";
import { close, open, writeAll } from "../../linux/file.ts";
import { toByteString } from "../byte-string.ts";
import { failChild } from "../child-protocol.ts";
import { enterRoot } from "../locked-root.ts";
import type { MemberSink } from "../pack/member-sink.ts";
import { Packing } from "../pack/packing.ts";
import { cleanPath } from "../path.ts";
import type { TarEntry } from "../tar/entry.ts";
import type { TreeMount } from "../tree-options.ts";
import { TreeWriter, type TreeWriterOptions } from "../unpack/tree-writer.ts";

export interface TransferRequest {
  direction: "in" | "out";
  /** The locked tree, and the path in it: `in`: the directory that members go to; `out`: what is copied. */
  root: string;
  mounts: readonly TreeMount[];
  path: string;
  /** Outside of it: `in`: what is copied, a trailing `/.` for a directory's content; `out`: the directory. */
  hostPath: string;
  /** The top member's name at the target; absent: its own. */
  name?: string;
  /** Everything belongs to this owner instead of the files' own; `out`: to the daemon's user. */
  owner?: { uid: number; gid: number };
}

/** What a transfer tells on stdout, one JSON object a line: how far it is, in the end the whole. */
export interface TransferResult {
  /** Of regular files' content. */
  bytes: number;
  files: number;
}

/**
 * `berth transfer <request as JSON>`: copies between a locked tree and a directory of the host, from file to
 * file inside of the kernel. The tree is this process's root, so that no symlink in it leads out; the host's
 * directory is its working directory, and only paths relative to that reach it.
 */
export function runTransfer(argument: string): never {
  try {
    const request = JSON.parse(argument) as TransferRequest;
    const [directory, hostName] = hostPlace(request);
    const fd = open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    enterRoot(request.root, request.mounts);
    enterDirectory(fd);
    close(fd);
    const sink = new TreeSink(writerOptions(request));
    const inward = request.direction === "in";
    const options = {
      path: inward ? hostName : request.path,
      sparse: true,
      ...(request.name === undefined ? {} : { rename: request.name }),
    };
    new Packing(options, sink, inward ? "." : "").run();
    sink.tell();
    process.exit(0);
  } catch (error) {
    failChild(error);
  }
}

/** The directory to work in, and what of it is copied. */
function hostPlace({ direction, hostPath }: TransferRequest): [directory: string, path: string] {
  if (direction === "out" || /\/\.?$/.test(hostPath)) return [hostPath, "/."];
  const slash = hostPath.lastIndexOf("/");
  return [hostPath.slice(0, slash) || "/", hostPath.slice(slash)];
}

function writerOptions({ direction, path, owner }: TransferRequest): TreeWriterOptions {
  const owned = owner === undefined ? {} : { owner };
  if (direction === "in") {
    const base = `/${toByteString(path)}`;
    return { noOverwriteDirNonDir: true, acceptsXattr: () => true, base, ...owned };
  }
  // Of a stranger's tree only what a user may set.
  const acceptsXattr = (name: string) => name.startsWith("user.");
  return { noOverwriteDirNonDir: true, unconfined: true, acceptsXattr, ...owned };
}

/** Bytes between two looks at the clock. */
const PIECE = 16 * 1024 * 1024;
/** Between two lines of progress, milliseconds. */
const NEWS_INTERVAL = 200;

/** Puts members into a tree as they come. */
class TreeSink implements MemberSink {
  readonly #tree: TreeWriter;
  #bytes = 0;
  #files = 0;
  #told = Date.now();

  constructor(options: TreeWriterOptions) {
    this.#tree = new TreeWriter(options);
  }

  tell(): void {
    const result: TransferResult = { bytes: this.#bytes, files: this.#files };
    writeAll(1, Buffer.from(`${JSON.stringify(result)}\n`));
    this.#told = Date.now();
  }

  #count(bytes: number, files: number): void {
    this.#bytes += bytes;
    this.#files += files;
    if (Date.now() - this.#told > NEWS_INTERVAL) this.tell();
  }

  member(entry: TarEntry): void {
    const target = entry.type === "link" ? cleanPath(entry.linkTarget) : "";
    this.#tree.write(cleanPath(entry.path), entry, target);
    this.#count(0, 1);
  }

  file(entry: TarEntry, fd: number): void {
    const path = cleanPath(entry.path);
    const to = this.#tree.createFile(path);
    try {
      for (const { offset, length } of entry.sparse ?? [{ offset: 0, length: entry.size }]) {
        if (offset > 0 && length > 0) seekTo(to, offset);
        this.#copy(fd, to, offset, length);
      }
    } catch (error) {
      close(to);
      throw error;
    }
    this.#tree.finishFile(to, path, entry);
    this.#count(0, 1);
  }

  #copy(from: number, to: number, offset: number, length: number): void {
    for (let done = 0; done < length; ) {
      const count = copyRange(from, offset + done, to, Math.min(PIECE, length - done));
      // Cut off by somebody meanwhile.
      if (count === 0) return;
      done += count;
      this.#count(count, 0);
    }
  }

  end(): void {
    this.#tree.finish();
  }
}
