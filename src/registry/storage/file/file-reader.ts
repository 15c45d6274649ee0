import { type FileHandle, open } from "node:fs/promises";
import { readCached } from "../../../linux/file.ts";
import type { ByteRange } from "../registry-storage.ts";

/** What one reader takes at once, where few read: larger pieces leave the processor's cache. Bytes. */
const MOST_READ_SIZE = 512 << 10;
const LEAST_READ_SIZE = 64 << 10;
/** What all readers together may hold. Bytes. */
const READ_BUDGET = 16 << 20;

/** Reads files piece by piece, in pieces that are the smaller the more files are read at once. */
export class FileReader {
  private readers = 0;

  /** The pieces share their memory. The file is open from the first piece on. */
  async *read(path: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const file = await open(path, "r");
    this.readers += 1;
    try {
      const end = range === undefined ? (await file.stat()).size : range.end + 1;
      const start = range?.start ?? 0;
      const share = READ_BUDGET / this.readers;
      const most = Math.max(LEAST_READ_SIZE, Math.min(MOST_READ_SIZE, share));
      const buffer = Buffer.allocUnsafeSlow(Math.min(most, Math.max(0, end - start)));
      for (let at = start; at < end; ) {
        const piece = buffer.subarray(0, Math.min(buffer.length, end - at));
        await fill(file, piece, at);
        at += piece.length;
        yield piece;
      }
    } finally {
      this.readers -= 1;
      await file.close();
    }
  }
}

/** From the page cache at once; only what is not there is waited for on another thread. */
async function fill(file: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  let filled = readCached(file.fd, piece, position);
  while (filled < piece.length) {
    const rest = piece.length - filled;
    const { bytesRead } = await file.read(piece, filled, rest, position + filled);
    if (bytesRead === 0) throw new Error("Cannot read a blob: its file is shorter than it was");
    filled += bytesRead;
  }
}
