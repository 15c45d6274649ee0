/** Where a variable's value comes from; undefined if it is not set. */
export type Lookup = (name: string) => string | undefined;

/** One use of a variable in a text. */
export interface VariableUse {
  name: string;
  /** Stands for the value if the variable is unset (or, `whenEmpty`, empty). */
  fallback?: string;
  /** Stands for the value if the variable is set. */
  alternate?: string;
  required: boolean;
}

/** The text's own fault: `${` without end, a name that is none. */
export class InvalidTemplate extends Error {}
/** `${NAME:?reason}` found nothing. */
export class MissingVariable extends Error {}

export interface InterpolateOptions {
  lookup: Lookup;
  /** Told of a variable that is not set and has no fallback. */
  onUnset?: (name: string) => void;
  onUse?: (use: VariableUse) => void;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:?[-+?]/y;

/**
 * Replaces variables: `$NAME`, `${NAME}`, `${NAME:-fallback}`, `${NAME-fallback}`, `${NAME:+alternate}`,
 * `${NAME+alternate}`, `${NAME:?reason}`, `${NAME?reason}`, nested in each other; `$$` is a dollar.
 * Compose Specification, "Interpolation". Throws InvalidTemplate and MissingVariable.
 */
export function interpolate(text: string, options: InterpolateOptions): string {
  if (!text.includes("$")) return text;
  const { result } = new Interpolation(text, options).readUntil(undefined, 0);
  return result;
}

class Interpolation {
  readonly #text: string;
  readonly #options: InterpolateOptions;

  constructor(text: string, options: InterpolateOptions) {
    this.#text = text;
    this.#options = options;
  }

  /** Reads to the end, or to the brace that closes what began before `from`. */
  readUntil(close: "}" | undefined, from: number): { result: string; end: number } {
    let result = "";
    let at = from;
    while (at < this.#text.length) {
      const char = this.#text[at];
      if (char === close) return { result, end: at };
      if (char !== "$") {
        result += char;
        at++;
        continue;
      }
      const { value, end } = this.#variable(at);
      result += value;
      at = end;
    }
    if (close !== undefined) throw new InvalidTemplate(this.#text);
    return { result, end: at };
  }

  #variable(dollar: number): { value: string; end: number } {
    const next = this.#text[dollar + 1];
    if (next === "$") return { value: "$", end: dollar + 2 };
    const braced = next === "{";
    const name = matchAt(NAME, this.#text, dollar + (braced ? 2 : 1));
    if (name === undefined) {
      throw new InvalidTemplate(this.#text);
    }
    const end = dollar + (braced ? 2 : 1) + name.length;
    if (!braced) return { value: this.#plain(name), end };
    if (this.#text[end] === "}") return { value: this.#plain(name), end: end + 1 };
    return this.#operation(name, end);
  }

  #plain(name: string): string {
    this.#options.onUse?.({ name, required: false });
    const value = this.#options.lookup(name);
    if (value === undefined) this.#options.onUnset?.(name);
    return value ?? "";
  }

  #operation(name: string, at: number): { value: string; end: number } {
    const operator = matchAt(OPERATOR, this.#text, at);
    if (operator === undefined) throw new InvalidTemplate(this.#text);
    const value = this.#options.lookup(name);
    const missing = operator.startsWith(":")
      ? value === undefined || value === ""
      : value === undefined;
    const kind = operator.at(-1);
    // What is not used is read all the same, to find its end, but its own variables are nobody's matter.
    const used = kind === "+" ? !missing : missing;
    const inner = new Interpolation(this.#text, used ? this.#options : { lookup: lenient });
    const { result, end } = inner.readUntil("}", at + operator.length);
    this.#options.onUse?.({
      name,
      required: kind === "?",
      ...(kind === "-" ? { fallback: result } : {}),
      ...(kind === "+" ? { alternate: result } : {}),
    });
    if (kind === "?" && missing) throw new MissingVariable(missingMessage(name, result));
    return {
      value: used && kind !== "?" ? result : kind === "+" ? "" : (value ?? ""),
      end: end + 1,
    };
  }
}

/** Every variable is something, so that an unused branch with `:?` in it complains of nothing. */
const lenient: Lookup = () => "x";

const missingMessage = (name: string, reason: string): string =>
  `required variable ${name} is missing a value${reason === "" ? "" : `: ${reason}`}`;

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
