/**
 * Files of a build context on their way to the daemon: for each one 32 bytes of sha256, 8 bytes of size (big
 * endian), and its bytes; then the next. The end of the stream is the end.
 */

/** Bytes of what stands before each file. */
export const CONTEXT_FILE_HEADER = 40;

export interface ContextFileHeader {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

export function encodeContextFileHeader({ sha256, size }: ContextFileHeader): Uint8Array {
  const bytes = Buffer.alloc(CONTEXT_FILE_HEADER);
  bytes.write(sha256, "hex");
  bytes.writeBigUInt64BE(BigInt(size), 32);
  return bytes;
}

/** A piece of the stream: a file begins, or goes on. A file ends when its bytes are there. */
export type ContextStreamPart = ContextFileHeader | Uint8Array;

/** @throws RangeError where the stream ends within a file */
export async function* decodeContextStream(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<ContextStreamPart> {
  let header = Buffer.alloc(0);
  let left = 0;
  for await (const chunk of stream) {
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const piece = chunk.subarray(at, at + left);
        at += piece.length;
        left -= piece.length;
        yield piece;
        continue;
      }
      const piece = chunk.subarray(at, at + CONTEXT_FILE_HEADER - header.length);
      header = Buffer.concat([header, piece]);
      at += piece.length;
      if (header.length < CONTEXT_FILE_HEADER) break;
      const sha256 = header.toString("hex", 0, 32);
      left = Number(header.readBigUInt64BE(32));
      header = Buffer.alloc(0);
      yield { sha256, size: left };
    }
  }
  if (left > 0 || header.length > 0) throw new RangeError("the stream ends within a file");
}
