/** DNS over TCP: each message behind its length in two bytes (RFC 1035, section 4.2.2). */

export function frame(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(message.length + 2);
  bytes[0] = message.length >> 8;
  bytes[1] = message.length & 0xff;
  bytes.set(message, 2);
  return bytes;
}

/** Cuts a stream into messages; holds at most one unfinished message. */
export class MessageSplitter {
  #rest: Uint8Array = new Uint8Array(0);

  push(chunk: Uint8Array): Uint8Array[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Uint8Array[] = [];
    while (bytes.length >= 2) {
      const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
      if (bytes.length < length + 2) break;
      messages.push(new Uint8Array(bytes.subarray(2, length + 2)));
      bytes = bytes.subarray(length + 2);
    }
    // The chunk's memory is the event loop's.
    this.#rest = new Uint8Array(bytes);
    return messages;
  }
}
