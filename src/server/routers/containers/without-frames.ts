import { Duplex } from "node:stream";
import { FrameDecoder } from "../../../spec/index.ts";

/** A client that gets the content of Docker's frames without their headers; input passes as it is. */
export function withoutFrames(client: Duplex): Duplex {
  const decoder = new FrameDecoder();
  const stripped = new Duplex({
    allowHalfOpen: true,
    read: () => client.resume(),
    write(chunk: Uint8Array, _encoding, done) {
      const content = Buffer.concat(decoder.push(chunk).map((piece) => piece.content));
      if (content.length === 0 || client.write(content)) done();
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
