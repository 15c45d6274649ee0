import { describe, expect, test } from "bun:test";
import { encodeFrame, FrameDecoder, StreamNumber } from "./stream-frames.ts";

function collect(chunks: readonly Uint8Array[]): Map<number, string> {
  const decoder = new FrameDecoder();
  const streams = new Map<number, string>();
  for (const chunk of chunks) {
    for (const { stream, content } of decoder.push(chunk)) {
      streams.set(stream, (streams.get(stream) ?? "") + Buffer.from(content).toString("latin1"));
    }
  }
  expect(decoder.atBoundary).toBe(true);
  return streams;
}

describe("FrameDecoder", () => {
  test("separates the streams", () => {
    const frames = [
      encodeFrame(StreamNumber.stdout, Buffer.from("out\n")),
      encodeFrame(StreamNumber.stderr, Buffer.from("err\n")),
      encodeFrame(StreamNumber.stdout, new Uint8Array()),
      encodeFrame(StreamNumber.stdout, Buffer.from("more")),
    ];
    const whole = Buffer.concat(frames);
    expect([...whole.subarray(0, 8)]).toEqual([1, 0, 0, 0, 0, 0, 0, 4]);
    expect(collect([whole])).toEqual(
      new Map([
        [1, "out\nmore"],
        [2, "err\n"],
      ]),
    );
  });

  test("gives the same whatever the chunks are", () => {
    let seed = 42;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
      return (seed >> 8) % below;
    };
    for (let round = 0; round < 300; round++) {
      const frames = Array.from({ length: 1 + random(6) }, () =>
        encodeFrame(
          random(2) === 0 ? StreamNumber.stdout : StreamNumber.stderr,
          Uint8Array.from({ length: random(40) }, () => random(256)),
        ),
      );
      const whole = Buffer.concat(frames);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < whole.length; ) {
        const size = 1 + random(12);
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      expect(collect(chunks)).toEqual(collect([whole]));
    }
  });

  test("knows a cut stream", () => {
    const decoder = new FrameDecoder();
    decoder.push(encodeFrame(StreamNumber.stdout, Buffer.from("abc")).subarray(0, 9));
    expect(decoder.atBoundary).toBe(false);
  });

  test("refuses what is not framed, and survives any bytes", () => {
    expect(() => new FrameDecoder().push(Buffer.from("plain text"))).toThrow("unrecognized stream");
    for (let round = 0; round < 500; round++) {
      const decoder = new FrameDecoder();
      const noise = crypto.getRandomValues(new Uint8Array(64));
      try {
        for (const { content } of decoder.push(noise)) expect(content.length).toBeLessThan(65);
      } catch (error) {
        expect(String(error)).toContain("unrecognized stream");
      }
    }
  });
});
