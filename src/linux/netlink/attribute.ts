/**
 * Netlink attributes (netlink(7), "rtattr"): length and type as native 16-bit words, the value, padding
 * to four bytes. Pure bytes ↔ values; multi-byte payloads are in host order unless the family says
 * otherwise, and every machine that Berth runs on is little-endian.
 */

/** A value to encode: nested attributes, raw bytes, text (NUL-terminated), or a 32-bit number. */
export type AttributeValue = readonly Attribute[] | Uint8Array | string | number;
export type Attribute = readonly [type: number, value: AttributeValue];

const HEADER = 4;
/** Upper bits of a type: nested, network byte order (linux/netlink.h). */
const TYPE_MASK = 0x3fff;
const NESTED = 0x8000;

export const align = (length: number): number => (length + 3) & ~3;

function encodeValue(value: AttributeValue): Uint8Array {
  if (typeof value === "number") {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return bytes;
  }
  if (typeof value === "string") return new TextEncoder().encode(`${value}\0`);
  if (value instanceof Uint8Array) return value;
  return encodeAttributes(value);
}

/** Attributes one behind the other, each padded. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  const values = attributes.map(([, value]) => encodeValue(value));
  const total = values.reduce((sum, value) => sum + align(HEADER + value.length), 0);
  const bytes = new Uint8Array(new ArrayBuffer(total));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const [index, [type, original]] of attributes.entries()) {
    const value = values[index] ?? new Uint8Array();
    const flag = Array.isArray(original) ? NESTED : 0;
    view.setUint16(offset, HEADER + value.length, true);
    view.setUint16(offset + 2, type | flag, true);
    bytes.set(value, offset + HEADER);
    offset += align(HEADER + value.length);
  }
  return bytes;
}

/**
 * Type → payload. Of a type that occurs twice the last one counts; what does not fit into `bytes` ends
 * the list, as the kernel's own parser does it.
 */
export function decodeAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  return new Map(listAttributes(bytes));
}

/** As `decodeAttributes`, in their order and with those that occur more than once. */
export function listAttributes(bytes: Uint8Array): [type: number, payload: Uint8Array][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const attributes: [number, Uint8Array][] = [];
  let offset = 0;
  while (offset + HEADER <= bytes.length) {
    const length = view.getUint16(offset, true);
    if (length < HEADER || offset + length > bytes.length) break;
    const type = view.getUint16(offset + 2, true) & TYPE_MASK;
    attributes.push([type, bytes.slice(offset + HEADER, offset + length)]);
    offset += align(length);
  }
  return attributes;
}

/** A 32-bit number, or undefined when the attribute is missing or too short. */
export function readNumber(value: Uint8Array | undefined): number | undefined {
  if (value === undefined || value.length < 4) return undefined;
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0, true);
}

/** Text up to the first NUL. */
export function readText(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}
