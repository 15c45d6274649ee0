/** WebSocket frames as RFC 6455 section 5 defines them, the server's side. */
export const Opcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

export interface WebsocketFrame {
  opcode: number;
  payload: Uint8Array;
}

/** An unmasked frame, as servers send them. */
export function encodeWebsocketFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 0x1_0000 ? 2 : 8;
  const frame = Buffer.alloc(2 + extra + length);
  frame[0] = 0x80 | opcode;
  if (extra === 0) frame[1] = length;
  else if (extra === 2) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(payload, 2 + extra);
  return frame;
}

/** Bounds what one frame of a client makes the daemon hold. */
const MAXIMUM_PAYLOAD = 16 * 1024 * 1024;

/** Takes a client's masked frames apart, however they are cut into chunks. */
export class WebsocketDecoder {
  #pending: Buffer = Buffer.alloc(0);

  /** @throws Error on what no client may send */
  push(chunk: Uint8Array): WebsocketFrame[] {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : concat(this.#pending, chunk);
    const frames: WebsocketFrame[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): WebsocketFrame | undefined {
    const bytes = this.#pending;
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return undefined;
    if ((first & 0x70) !== 0) throw new Error("websocket: reserved bits are set");
    if ((second & 0x80) === 0) throw new Error("websocket: a client's frame is not masked");
    const short = second & 0x7f;
    const extra = short < 126 ? 0 : short === 126 ? 2 : 8;
    const start = 2 + extra + 4;
    if (bytes.length < start) return undefined;
    const length =
      extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (length > MAXIMUM_PAYLOAD) throw new Error("websocket: the frame is too large");
    if (bytes.length < start + length) return undefined;
    const mask = bytes.subarray(start - 4, start);
    const payload = Buffer.from(bytes.subarray(start, start + length));
    for (let index = 0; index < length; index++) {
      payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
    }
    this.#pending = bytes.subarray(start + length);
    return { opcode: first & 0x0f, payload };
  }
}

function concat(first: Buffer, second: Uint8Array): Buffer {
  return Buffer.concat([first, second]);
}
