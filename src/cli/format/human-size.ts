const DECIMAL_UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

function scaled(size: number, base: number, units: readonly string[]): [number, string] {
  let unit = 0;
  let value = size;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return [value, units[unit] ?? ""];
}

/** A number with at most `digits` significant ones, as C's `%.{digits}g` prints it. */
export function significant(value: number, digits: number): string {
  const text = value.toPrecision(digits);
  if (text.includes("e")) return text.replace(/\.?0*e/, "e").replace(/e([+-])(\d)$/, "e$10$2");
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Size in powers of 1000 with 4 significant digits (go-units' HumanSize): `12.34MB`. */
export function humanSize(size: number, digits = 4): string {
  const [value, unit] = scaled(size, 1000, DECIMAL_UNITS);
  return significant(value, digits) + unit;
}

/** Size in powers of 1024 (go-units' BytesSize): `1.952GiB`. */
export function binarySize(size: number): string {
  const [value, unit] = scaled(size, 1024, BINARY_UNITS);
  return significant(value, 4) + unit;
}

const POWERS = "bkmgtp";

/**
 * Bytes from a size in powers of 1024 (go-units' RAMInBytes): `512m`, `1.5GiB`, `64k`. Errors are worded
 * as Go's.
 */
export function parseByteSize(text: string): number {
  const invalid = new Error(`invalid size: '${text}'`);
  const end = Math.max(...[..."0123456789. "].map((each) => text.lastIndexOf(each)));
  if (end < 0) throw invalid;
  const digits = text.charAt(end) === " " ? text.slice(0, end) : text.slice(0, end + 1);
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(digits)) {
    throw new Error(`strconv.ParseFloat: parsing "${digits}": invalid syntax`);
  }
  if (Number(digits) < 0) throw invalid;
  return Math.trunc(Number(digits) * unitFactor(text.slice(end + 1)));
}

function unitFactor(suffix: string): number {
  const lower = suffix.length > 3 ? suffix : suffix.toLowerCase();
  if (lower === "") return 1;
  if (!/^(?:b|[kmgtp](?:i?b)?)$/.test(lower)) throw new Error(`invalid suffix: '${lower}'`);
  return 1024 ** POWERS.indexOf(lower.charAt(0));
}
