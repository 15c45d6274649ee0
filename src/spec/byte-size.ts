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
