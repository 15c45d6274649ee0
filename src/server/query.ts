import {
  type ConsoleSize,
  decodeFilters,
  errorMessage,
  type Filters,
  invalidArgument,
  type Nanoseconds,
  parseTimestamp,
} from "../spec/index.ts";

const FALSE = new Set(["", "0", "no", "false", "none"]);

/** Query parameters, read as Docker's daemon reads them. Every complaint is `invalid-argument`. */
export class Query {
  readonly #search: string;
  #parsed: URLSearchParams | undefined;

  constructor(search: string) {
    this.#search = search;
  }

  get #parameters(): URLSearchParams {
    this.#parsed ??= new URLSearchParams(this.#search);
    return this.#parsed;
  }

  has(key: string): boolean {
    return this.#search !== "" && this.#parameters.has(key);
  }

  /** The first value; undefined when absent or empty. */
  text(key: string): string | undefined {
    if (this.#search === "") return undefined;
    return this.#parameters.get(key) || undefined;
  }

  all(key: string): string[] {
    return this.#search === "" ? [] : this.#parameters.getAll(key);
  }

  /** Anything is true but nothing, `0`, `no`, `false` and `none`. */
  flag(key: string, fallback = false): boolean {
    if (!this.has(key)) return fallback;
    return !FALSE.has((this.#parameters.get(key) ?? "").trim().toLowerCase());
  }

  integer(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const complain = (why: string) =>
      invalidArgument(`strconv.Atoi: parsing ${JSON.stringify(text)}: ${why}`);
    if (!/^[+-]?\d+$/.test(text)) throw complain("invalid syntax");
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw complain("value out of range");
    return value;
  }

  filters(accepted?: readonly string[]): Filters {
    return decodeFilters(this.text("filters") ?? null, accepted);
  }

  /** Absent and `0` mean no bound. */
  timestamp(key: string): Nanoseconds | undefined {
    const text = this.text(key);
    if (text === undefined || text === "0") return undefined;
    try {
      return parseTimestamp(text);
    } catch (error) {
      throw invalidArgument(`invalid value for "${key}": ${errorMessage(error)}`, error);
    }
  }

  consoleSize(): ConsoleSize {
    return { rows: this.#dimension("h", "height"), columns: this.#dimension("w", "width") };
  }

  #dimension(key: string, name: string): number {
    const text = this.text(key) ?? "";
    const complain = (why: string) =>
      invalidArgument(`invalid resize ${name} ${JSON.stringify(text)}: ${why}`);
    if (!/^-?\d+$/.test(text)) throw complain("invalid syntax");
    const value = Number(text);
    if (value < 0 || value > 0xffff_ffff) throw complain("value out of range");
    return value;
  }
}
