import { expect, test } from "bun:test";
import { decodeContextStream, encodeContextFileHeader } from "./context-stream.ts";

const files = [
  { sha256: "11".repeat(32), bytes: Buffer.from("hello") },
  { sha256: "22".repeat(32), bytes: Buffer.alloc(0) },
  { sha256: "ab".repeat(32), bytes: Buffer.alloc(3000, "x") },
];
const whole = Buffer.concat(
  files.flatMap(({ sha256, bytes }) => [
    encodeContextFileHeader({ sha256, size: bytes.length }),
    bytes,
  ]),
);

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function decoded(bytes: Uint8Array, size: number) {
  const found: { sha256: string; bytes: Buffer }[] = [];
  for await (const part of decodeContextStream(inPieces(bytes, size))) {
    const last = found.at(-1);
    if (!(part instanceof Uint8Array)) found.push({ sha256: part.sha256, bytes: Buffer.alloc(0) });
    else if (last !== undefined) last.bytes = Buffer.concat([last.bytes, part]);
  }
  return found;
}

test("decodeContextStream() gives the files whatever pieces they come in", async () => {
  for (const size of [1, 7, 40, 41, 10_000]) expect(await decoded(whole, size)).toEqual(files);
});

test("decodeContextStream() complains of a stream that ends too early", async () => {
  for (const end of [whole.length - 1, 20]) {
    await expect(decoded(whole.subarray(0, end), 100)).rejects.toThrow("ends within a file");
  }
});
