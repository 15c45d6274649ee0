import { seekTo } from "../../linux/clone-file.ts";
import { read } from "../../linux/file.ts";
import { encodeEntry, endOfArchive, paddingFor } from "../tar/encode.ts";
import type { TarEntry } from "../tar/entry.ts";
import type { MemberSink } from "./member-sink.ts";
import type { PackOutput } from "./output-buffer.ts";

/** Writes members as a tar. */
export class TarSink implements MemberSink {
  readonly #output: PackOutput;

  constructor(output: PackOutput) {
    this.#output = output;
  }

  member(entry: TarEntry): void {
    this.#output.write(encodeEntry(entry));
  }

  file(entry: TarEntry, fd: number): void {
    this.#output.write(encodeEntry(entry));
    let stored = 0;
    for (const { offset, length } of entry.sparse ?? [{ offset: 0, length: entry.size }]) {
      if (entry.sparse !== undefined) seekTo(fd, offset);
      this.#content(fd, length);
      stored += length;
    }
    this.#output.write(paddingFor(stored));
  }

  end(): void {
    this.#output.write(endOfArchive);
    this.#output.flush();
  }

  /** Exactly `size` bytes, whatever a writer does meanwhile: cut, or filled up with zeros. */
  #content(fd: number, size: number): void {
    let left = size;
    while (left > 0) {
      const count = this.#output.fill((space) => read(fd, space, Math.min(left, space.length)));
      if (count === 0) break;
      left -= count;
    }
    this.#output.zeros(left);
  }
}
