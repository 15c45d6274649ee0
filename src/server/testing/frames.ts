/** A frame of stdout as the Engine API defines it: stream number, three zero bytes, length, content. */
export function stdoutFrame(content: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(8 + content.length);
  frame[0] = 1;
  frame.writeUInt32BE(content.length, 4);
  frame.set(content, 8);
  return frame;
}
