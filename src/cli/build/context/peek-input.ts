/** Standard input with its first bytes looked at. */
export interface PeekedInput {
  /** Up to 512 bytes. */
  readonly head: Uint8Array;
  /** All of it, the head included. */
  readonly body: AsyncIterable<Uint8Array>;
}

const HEAD = 512;

export async function peekInput(
  input: ReadableStream<Uint8Array> = Bun.stdin.stream(),
): Promise<PeekedInput> {
  const reader = input.getReader();
  const first: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  while (length < HEAD && !ended) {
    const { done, value } = await reader.read();
    ended = done;
    if (value === undefined) continue;
    first.push(value.slice());
    length += value.length;
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* first;
    while (!ended) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  }
  return { head: Buffer.concat(first).subarray(0, HEAD), body: body() };
}

/** Magic numbers of gzip, bzip2, xz and zstd. */
const COMPRESSED = ["1f8b", "425a68", "fd377a585a00", "28b52ffd"];
const TAR_MAGIC_AT = 257;
const CHECKSUM_AT = 148;

/** A tar, compressed or not, by its first block; anything else is a Dockerfile. */
export function looksLikeArchive(head: Uint8Array): boolean {
  const bytes = Buffer.from(head);
  const hex = bytes.toString("hex", 0, 6);
  if (COMPRESSED.some((magic) => hex.startsWith(magic))) return true;
  if (bytes.length < HEAD) return false;
  if (bytes.toString("latin1", TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === "ustar") return true;
  // A tar of before 1988 has no magic number, but a sum of its first block.
  const stored = Number.parseInt(bytes.toString("latin1", CHECKSUM_AT, CHECKSUM_AT + 8).trim(), 8);
  let sum = 8 * 32;
  for (const [index, byte] of bytes.entries()) {
    if (index < CHECKSUM_AT || index >= CHECKSUM_AT + 8) sum += byte;
  }
  return stored === sum;
}
