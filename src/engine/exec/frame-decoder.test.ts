import { expect, test } from "bun:test";
import { FrameDecoder } from "./frame-decoder.ts";

test("FrameDecoder finds the payloads however the stream is cut", () => {
  const frame = (stream: number, text: string) => {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  const bytes = Buffer.concat([frame(1, "hello "), frame(2, ""), frame(2, "world\n")]);
  for (let size = 1; size <= bytes.length; size++) {
    const decoder = new FrameDecoder();
    const payloads: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      payloads.push(...decoder.decode(bytes.subarray(at, at + size)));
    }
    expect(Buffer.concat(payloads).toString()).toBe("hello world\n");
  }
});
