const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `1.234MB`: four significant digits, powers of 1000, as Docker prints sizes. */
export function humanSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(4))}${UNITS[unit]}`;
}

/** The `progress` text of old clients: `[=====>      ]  1.2MB/4.5MB`. */
export function progressBar(current: number, total: number): string {
  if (current <= 0 && total <= 0) return "";
  if (total <= 0) return humanSize(current).padStart(8);
  const half = Math.min(Math.trunc(Math.trunc((current / total) * 100) / 2), 50);
  const bar = `[${"=".repeat(half)}>${" ".repeat(50 - half)}] `;
  const numbers = humanSize(current).padStart(8);
  return current > total ? bar + numbers : `${bar}${numbers}/${humanSize(total)}`;
}
