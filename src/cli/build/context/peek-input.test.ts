import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { looksLikeArchive, peekInput } from "./peek-input.ts";
import { isGitUrl } from "./remote-url.ts";

const stream = (...chunks: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });

describe("peekInput()", () => {
  test.each([[[]], [["FROM x\n"]], [["a".repeat(300), "b".repeat(300), "c".repeat(10_000), "d"]]])(
    "keeps all of it",
    async (chunks) => {
      const { head, body } = await peekInput(stream(...chunks));
      const whole = Buffer.concat(await Array.fromAsync(body)).toString();
      expect(whole).toBe(chunks.join(""));
      expect(Buffer.from(head).toString()).toBe(whole.slice(0, 512));
    },
  );
});

describe("looksLikeArchive()", () => {
  const oldTar = (): Buffer => {
    const block = Buffer.alloc(512);
    block.write("file", 0);
    block.write("        ", 148);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return block;
  };
  test.each([
    ["gzip", gzipSync("x"), true],
    ["xz", Buffer.from("fd377a585a000004", "hex"), true],
    ["zstd", Buffer.from("28b52ffd", "hex"), true],
    ["bzip2", Buffer.from("BZh9"), true],
    ["a tar with its magic", Buffer.from(`${"x".repeat(257)}ustar${"\0".repeat(250)}`), true],
    ["a tar of old", oldTar(), true],
    ["a Dockerfile", Buffer.from("FROM scratch\n"), false],
    ["a long Dockerfile", Buffer.from("# comment\n".repeat(60)), false],
    ["nothing", Buffer.alloc(0), false],
  ])("%s", (_, head, expected) => expect(looksLikeArchive(head)).toBe(expected));
});

test.each([
  ["https://github.com/o/r.git", true],
  ["https://host/r.git#main:dir", true],
  ["https://host/r.git?branch=x", true],
  ["http://host/context.tar.gz", false],
  ["git://host/r", true],
  ["ssh://git@host/r.git", true],
  ["git@github.com:o/r", true],
  ["github.com/o/r", true],
  ["./dir", false],
  ["dir", false],
  ["a@b/c", false],
])("isGitUrl(%s) is %p", (url, expected) => expect(isGitUrl(url)).toBe(expected));
