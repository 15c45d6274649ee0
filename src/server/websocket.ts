import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { invalidArgument } from "../spec/index.ts";
import { encodeWebsocketFrame, Opcode, WebsocketDecoder } from "./websocket-frames.ts";

/** RFC 6455, section 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The answer to a client's opening handshake. @throws invalid-argument when it is none */
export function websocketHandshake(message: IncomingMessage): string {
  const key = message.headers["sec-websocket-key"];
  if (key === undefined || message.headers.upgrade?.toLowerCase() !== "websocket") {
    throw invalidArgument("bad websocket handshake: Upgrade or Sec-WebSocket-Key is missing");
  }
  const accept = createHash("sha1")
    .update(key + GUID)
    .digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/**
 * The content of a websocket as a byte stream: messages of the client are read, what is written becomes
 * messages. The client's close ends the input; the end of the output closes the websocket.
 */
export function websocketStream(socket: Duplex, binary: boolean): Duplex {
  const decoder = new WebsocketDecoder();
  const dataOpcode = binary ? Opcode.binary : Opcode.text;
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => socket.resume(),
    write(chunk: Uint8Array, _encoding, done) {
      if (socket.destroyed || socket.write(encodeWebsocketFrame(dataOpcode, chunk))) done();
      else socket.once("drain", done);
    },
    final(done) {
      // 1000: normal closure.
      socket.end(encodeWebsocketFrame(Opcode.close, Buffer.from([0x03, 0xe8])), done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  let inputEnded = false;
  const endInput = (): void => {
    if (!inputEnded) stream.push(null);
    inputEnded = true;
  };
  const receive = (chunk: Uint8Array): void => {
    for (const { opcode, payload } of decoder.push(chunk)) {
      if (opcode === Opcode.ping) socket.write(encodeWebsocketFrame(Opcode.pong, payload));
      else if (opcode === Opcode.close) endInput();
      else if (opcode !== Opcode.pong && !inputEnded && !stream.push(payload)) socket.pause();
    }
  };
  socket.on("data", (chunk: Uint8Array) => {
    try {
      receive(chunk);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  stream.on("error", () => {});
  socket.once("end", endInput);
  socket.once("close", () => stream.destroy());
  return stream;
}
