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
