import { describe, expect, test } from "bun:test";
import { Duplex } from "node:stream";
import { pumpAttached } from "./pump-attached.ts";

/** Two ends of a wire. */
function pair(): [Duplex, Duplex] {
  let a: Duplex;
  let b: Duplex;
  const end = (other: () => Duplex) =>
    new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        other().push(chunk);
        done();
      },
      final(done) {
        other().push(null);
        done();
      },
    });
  a = end(() => b);
  b = end(() => a);
  return [a, b];
}

/** What arrives until the other side's end; the stream stays open for writing. */
async function text(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => stream.once("end", resolve));
  return Buffer.concat(chunks).toString();
}

describe("pumpAttached()", () => {
  test("carries both directions and hands on the half-close", async () => {
    const [client, user] = pair();
    const [stream, process] = pair();
    const pumping = pumpAttached(client, stream, { stdin: true, keys: undefined });
    user.end("in");
    expect(await text(process)).toBe("in");
    process.end("out");
    expect(await pumping).toBe("ended");
    client.end();
    expect(await text(user)).toBe("out");
  });

  test("leaves at the detach keys, after what was typed before them", async () => {
    const [client, user] = pair();
    const [stream, process] = pair();
    let seen = "";
    process.on("data", (chunk) => {
      seen += chunk;
    });
    const pumping = pumpAttached(client, stream, {
      stdin: true,
      keys: Uint8Array.of(16, 17),
    });
    user.write("ls\n\x10");
    user.write("\x11more");
    expect(await pumping).toBe("detached");
    expect(stream.destroyed).toBe(true);
    await Bun.sleep(1);
    expect(seen).toBe("ls\n");
  });

  test("lets go of the process when the client goes away", async () => {
    const [client] = pair();
    const [stream] = pair();
    const pumping = pumpAttached(client, stream, { stdin: true, keys: undefined });
    client.destroy();
    expect(await pumping).toBe("gone");
    expect(stream.destroyed).toBe(true);
  });

  test("drops input that nobody asked for and does not end the process's", async () => {
    const [client, user] = pair();
    const [stream, process] = pair();
    let ended = false;
    process.on("end", () => {
      ended = true;
    });
    process.on("data", () => {
      throw new Error("input arrived");
    });
    const pumping = pumpAttached(client, stream, { stdin: false, keys: undefined });
    user.end("in");
    await Bun.sleep(1);
    expect(ended).toBe(false);
    process.end("bye");
    expect(await pumping).toBe("ended");
  });
});
