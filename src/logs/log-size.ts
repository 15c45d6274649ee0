const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?$/i;
const POWERS = ["", "k", "m", "g", "t", "p"];

function parseSize(text: string, base: number): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const power = POWERS.indexOf((match[2] ?? "").toLowerCase());
  return Math.trunc(Number(match[1]) * base ** power);
}

/** `20m` is 20,000,000: powers of 1000, as docker/go-units FromHumanSize takes them. -1 is let through. */
export function parseHumanSize(text: string): number | undefined {
  return text === "-1" ? -1 : parseSize(text, 1000);
}

/** `1m` is 1,048,576: powers of 1024, as docker/go-units RAMInBytes takes them. */
export function parseMemorySize(text: string): number | undefined {
  return parseSize(text, 1024);
}
