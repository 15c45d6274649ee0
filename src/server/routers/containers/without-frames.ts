import { Duplex } from "node:stream";

const HEADER_BYTES = 8;

/** A client that gets the content of Docker's frames without their headers; input passes as it is. */
export function withoutFrames(client: Duplex): Duplex {
  const strip = frameStripper();
  const stripped = new Duplex({
    allowHalfOpen: true,
    read: () => client.resume(),
    write(chunk: Uint8Array, _encoding, done) {
      const content = strip(chunk);
      if (content.length === 0 || client.write(Buffer.concat(content))) done();
      else client.once("drain", done);
    },
    final: (done) => client.end(done),
    destroy(error, done) {
      client.destroy();
      done(error);
    },
  });
  client.on("data", (chunk: Uint8Array) => {
    if (!stripped.push(chunk)) client.pause();
  });
  client.once("end", () => stripped.push(null));
  client.once("close", () => stripped.destroy());
  return stripped;
}

/** Feeds on chunks cut anywhere and gives the parts of them that are content. */
function frameStripper(): (chunk: Uint8Array) => Uint8Array[] {
  const header = new Uint8Array(HEADER_BYTES);
  let headerFill = 0;
  let remaining = 0;
  return (chunk) => {
    const content: Uint8Array[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (remaining > 0) {
        const part = chunk.subarray(at, at + remaining);
        content.push(part);
        at += part.length;
        remaining -= part.length;
        continue;
      }
      const part = chunk.subarray(at, at + HEADER_BYTES - headerFill);
      header.set(part, headerFill);
      headerFill += part.length;
      at += part.length;
      if (headerFill < HEADER_BYTES) continue;
      headerFill = 0;
      remaining = new DataView(header.buffer).getUint32(4);
    }
    return content;
  };
}
