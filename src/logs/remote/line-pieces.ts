import { MAX_LINE_PIECE } from "../log-writer.ts";

const NEWLINE = 0x0a;

export interface LinePiece {
  /** Without the newline. */
  text: Uint8Array;
  /** The line goes on in the next piece. */
  isPartial: boolean;
}

/** The lines of one read, those over 16 KiB in pieces, as Docker's copier gives them to its drivers. */
export function* linePieces(bytes: Uint8Array): Iterable<LinePiece> {
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const lineEnd = newline < 0 ? bytes.length : newline;
    const end = Math.min(lineEnd, start + MAX_LINE_PIECE);
    const isWhole = newline >= 0 && end === newline;
    yield { text: bytes.subarray(start, end), isPartial: !isWhole };
    start = isWhole ? end + 1 : end;
  }
}
