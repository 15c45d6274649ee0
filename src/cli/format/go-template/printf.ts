import { quoteGo } from "../quote-go.ts";
import { isNumeric, printNumber, printValue, quoteValue, typeName } from "./go-value.ts";

interface Verb {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly letter: string;
}

const DIRECTIVE = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([\s\S]?)/gu;

/** Formats as Go's fmt.Sprintf, its complaints included: `%!d(string=x)`, `%!s(MISSING)`. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const star = (text: string | undefined): number => Number(text === "*" ? args[next++] : text);
  const text = format.replace(
    DIRECTIVE,
    (
      all: string,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      letter: string,
    ) => {
      const columns = width === undefined ? 0 : star(width);
      const digits = /^[^.]*\./.test(all.slice(1 + flags.length))
        ? precision === undefined
          ? 0
          : star(precision)
        : undefined;
      if (letter === "%") return "%";
      if (letter === "") return "%!(NOVERB)";
      if (next >= args.length) return `%!${letter}(MISSING)`;
      return pad(
        formatVerb({ flags, width: columns, precision: digits, letter }, args[next++]),
        flags,
        columns,
      );
    },
  );
  if (next >= args.length) return text;
  const extra = args.slice(next).map((each) => `${typeName(each)}=${printValue(each)}`);
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function pad(text: string, flags: string, width: number): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0")) return " ".repeat(missing) + text;
  const sign = /^[-+]/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

function formatVerb(verb: Verb, value: unknown): string {
  if (verb.letter === "v") {
    return verb.flags.includes("#")
      ? quoteValue(value)
      : printValue(value, { names: verb.flags.includes("+") });
  }
  if (verb.letter === "T") return typeName(value);
  const bad = `%!${verb.letter}(${typeName(value)}=${printValue(value)})`;
  if (Array.isArray(value)) return `[${value.map((each) => formatVerb(verb, each)).join(" ")}]`;
  if (typeof value === "string") return formatString(verb, value) ?? bad;
  if (typeof value === "boolean") return verb.letter === "t" ? String(value) : bad;
  if (isNumeric(value)) return formatNumber(verb, value) ?? bad;
  if (verb.letter === "s") return printValue(value);
  return verb.letter === "q" ? quoteValue(value) : bad;
}

function formatString({ letter, precision, flags }: Verb, value: string): string | undefined {
  const text = precision === undefined ? value : [...value].slice(0, precision).join("");
  switch (letter) {
    case "s":
      return text;
    case "q":
      return flags.includes("#") && !text.includes("`") ? `\`${text}\`` : quoteGo(text);
    case "x":
      return Buffer.from(text).toString("hex");
    case "X":
      return Buffer.from(text).toString("hex").toUpperCase();
    default:
      return undefined;
  }
}

function formatNumber(verb: Verb, value: number | bigint): string | undefined {
  const sign = verb.flags.includes("+") && value >= 0 ? "+" : "";
  const isFloat = typeof value === "number" && !Number.isInteger(value);
  if (/^[eEfFgG]$/.test(verb.letter)) return sign + formatFloat(verb, Number(value));
  if (isFloat) return undefined;
  const integer = BigInt(value);
  switch (verb.letter) {
    case "d":
      return sign + integer.toString();
    case "b":
      return sign + integer.toString(2);
    case "o":
      return sign + integer.toString(8);
    case "x":
      return sign + (verb.flags.includes("#") ? "0x" : "") + integer.toString(16);
    case "X":
      return sign + integer.toString(16).toUpperCase();
    case "c":
      return String.fromCodePoint(Number(integer));
    case "q":
      return `'${String.fromCodePoint(Number(integer))}'`;
    case "U":
      return `U+${integer.toString(16).toUpperCase().padStart(4, "0")}`;
    default:
      return undefined;
  }
}

function formatFloat({ letter, precision }: Verb, value: number): string {
  const exponential = (text: string): string => text.replace(/e([-+])(\d)$/, "e$10$2");
  switch (letter) {
    case "e":
      return exponential(value.toExponential(precision ?? 6));
    case "E":
      return exponential(value.toExponential(precision ?? 6)).toUpperCase();
    case "f":
    case "F":
      return value.toFixed(precision ?? 6);
    default:
      return precision === undefined
        ? printNumber(value)
        : String(Number(value.toPrecision(Math.max(precision, 1))));
  }
}
