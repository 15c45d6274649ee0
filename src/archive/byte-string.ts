/**
 * Names on Linux are bytes, mostly but not always UTF-8. The archive code holds them as byte strings: each
 * character stands for one byte (latin1). They compare in byte order, cost one byte per character and
 * survive a round trip whatever they hold.
 */
export type ByteString = string;

export function toByteString(text: string): ByteString {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return Buffer.from(text).toString("latin1");
  }
  return text;
}

/** Text for people and JSON; bytes that are no UTF-8 become U+FFFD. */
export function fromByteString(bytes: ByteString): string {
  for (let index = 0; index < bytes.length; index++) {
    if (bytes.charCodeAt(index) > 0x7f) return Buffer.from(bytes, "latin1").toString();
  }
  return bytes;
}
