import { describe, expect, test } from "bun:test";
import { Demultiplexer } from "./demultiplexer.ts";
import { DetachKeyFilter, parseDetachKeys } from "./detach-keys.ts";

const frame = (stream: number, text: string): Uint8Array => {
  const content = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
};

describe("Demultiplexer", () => {
  const input = Buffer.concat([
    frame(1, "one\n"),
    frame(1, "two\n"),
    frame(2, "err"),
    frame(1, ""),
    frame(1, "three"),
  ]);

  test("neighbouring frames of a stream leave as one piece", () => {
    const pieces = new Demultiplexer().push(input);
    expect(pieces.map(({ stderr, bytes }) => [stderr, Buffer.from(bytes).toString()])).toEqual([
      [false, "one\ntwo\n"],
      [true, "err"],
      [false, "three"],
    ]);
  });

  test("any cut into chunks gives the same bytes", () => {
    for (let size = 1; size <= input.length; size++) {
      const demultiplexer = new Demultiplexer();
      let [out, err] = ["", ""];
      for (let at = 0; at < input.length; at += size) {
        for (const { stderr, bytes } of demultiplexer.push(input.subarray(at, at + size))) {
          if (stderr) err += Buffer.from(bytes).toString();
          else out += Buffer.from(bytes).toString();
        }
      }
      expect([out, err]).toEqual(["one\ntwo\nthree", "err"]);
    }
  });

  test("the daemon's failure is thrown, what is no frame too", () => {
    expect(() => new Demultiplexer().push(frame(3, "disk full"))).toThrow(
      "error from daemon in stream: disk full",
    );
    expect(() => new Demultiplexer().push(Buffer.from("plain text"))).toThrow(
      "unrecognized input header",
    );
  });
});

describe("DetachKeyFilter", () => {
  const type = (...chunks: string[]) => {
    const filter = new DetachKeyFilter(parseDetachKeys("ctrl-p,ctrl-q"));
    const passed = chunks.map((chunk) =>
      Buffer.from(filter.push(Buffer.from(chunk, "latin1"))).toString("latin1"),
    );
    return { passed: passed.join(""), detached: filter.detached };
  };

  test("the sequence detaches, also over chunks, and is not passed on", () => {
    expect(type("ab\x10\x11cd")).toEqual({ passed: "ab", detached: true });
    expect(type("ab\x10", "\x11")).toEqual({ passed: "ab", detached: true });
  });
  test("a broken-off start is passed on with what follows", () => {
    expect(type("\x10", "x")).toEqual({ passed: "\x10x", detached: false });
    expect(type("\x10\x10\x11")).toEqual({ passed: "\x10", detached: true });
  });
  test("parseDetachKeys()", () => {
    expect([...parseDetachKeys("a,ctrl-@,ctrl-[,ctrl-Z")]).toEqual([97, 0, 27, 26]);
    expect(() => parseDetachKeys("ctrl-1")).toThrow("Unknown character: 'ctrl-1'");
  });
});
