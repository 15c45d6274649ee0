import { archiveError, BLOCK, type Segment } from "./entry.ts";
import { number } from "./header.ts";
import { decimal, type PaxRecord } from "./pax.ts";

/** Bounds the memory that a header can ask for. */
const MAX_SEGMENTS = 1_000_000;

type ReadBlock = () => Promise<Buffer>;

/** GNU's old format, type `S`: four segments in the header, 21 in each block that follows. */
export async function oldGnuSparse(
  header: Buffer,
  readBlock: ReadBlock,
): Promise<{ segments: Segment[]; size: number }> {
  const size = number(header, [483, 12]);
  const segments: Segment[] = [];
  const collect = (block: Buffer, start: number, count: number): void => {
    for (let at = start; at < start + count * 24 && block[at] !== 0; at += 24) {
      segments.push({ offset: number(block, [at, 12]), length: number(block, [at + 12, 12]) });
    }
  };
  collect(header, 386, 4);
  let extended = header[482] !== 0;
  while (extended) {
    limit(segments.length);
    const block = await readBlock();
    collect(block, 0, 21);
    extended = block[504] !== 0;
  }
  return { segments, size };
}

/** PAX 0.0 repeats offset and length as records; 0.1 has them in one record, separated by commas. */
export function paxSparse(records: readonly PaxRecord[]): Segment[] | undefined {
  const map = records.findLast(([key]) => key === "GNU.sparse.map")?.[1].toString("latin1");
  if (map !== undefined) return pairs(map === "" ? [] : map.split(",").map(decimal));
  const numbers = records
    .filter(([key]) => key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes")
    .map(([, value]) => decimal(value.toString("latin1")));
  return numbers.length === 0 ? undefined : pairs(numbers);
}

/**
 * PAX 1.0: the map stands before the data, decimal numbers on lines of their own, padded to whole blocks.
 * Returns the bytes that it took.
 */
export async function paxSparseData(
  readBlock: ReadBlock,
): Promise<{ segments: Segment[]; taken: number }> {
  let text = "";
  let taken = 0;
  const numbers: number[] = [];
  let wanted = 1;
  while (numbers.length < wanted) {
    const newline = text.indexOf("\n");
    if (newline < 0) {
      if (text.length > 32) throw archiveError("a sparse map is malformed");
      text += (await readBlock()).toString("latin1");
      taken += BLOCK;
      continue;
    }
    numbers.push(decimal(text.slice(0, newline)));
    text = text.slice(newline + 1);
    if (numbers.length === 1) wanted = 1 + 2 * limit(numbers[0] ?? 0);
  }
  return { segments: pairs(numbers.slice(1)), taken };
}

function limit(count: number): number {
  if (count < 0 || count > MAX_SEGMENTS) throw archiveError("a sparse file has too many pieces");
  return count;
}

function pairs(numbers: readonly number[]): Segment[] {
  if (numbers.length % 2 !== 0) throw archiveError("a sparse map is malformed");
  limit(numbers.length / 2);
  const segments: Segment[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    segments.push({ offset: numbers[index] ?? 0, length: numbers[index + 1] ?? 0 });
  }
  return segments;
}

/** In order, inside of the file, and exactly the data that is stored. */
export function checkSparse(segments: readonly Segment[], size: number, stored: number): void {
  let position = 0;
  let total = 0;
  for (const { offset, length } of segments) {
    if (offset < position || length < 0) throw archiveError("a sparse map is out of order");
    position = offset + length;
    total += length;
  }
  if (position > size || total !== stored) throw archiveError("a sparse map does not fit its file");
}
