import { invalidArgument } from "../spec/index.ts";

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZES: Record<string, number> = {
  "": 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Reads one object of a settings file. Each error names the place: `"gc.grace" is no duration`. */
export class SettingsReader {
  private readonly taken = new Set<string>();

  private constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    private readonly path: string,
  ) {}

  static of(value: unknown, path = ""): SettingsReader {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidArgument(`Cannot read the settings: "${path || "the file"}" is no object`);
    }
    return new SettingsReader(value as Record<string, unknown>, path === "" ? "" : `${path}.`);
  }

  text(name: string): string | undefined {
    const value = this.take(name);
    if (value === undefined || typeof value === "string") return value;
    throw this.wrong(name, "no text");
  }

  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === "") throw this.wrong(name, "missing");
    return value;
  }

  url(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || /^https?:$/.test(URL.parse(value)?.protocol ?? "")) return value;
    throw this.wrong(name, "no http or https URL");
  }

  flag(name: string): boolean | undefined {
    const value = this.take(name);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.wrong(name, "neither true nor false");
  }

  count(name: string): number | undefined {
    const value = this.take(name);
    if (
      value === undefined ||
      (typeof value === "number" && Number.isSafeInteger(value) && value >= 0)
    ) {
      return value;
    }
    throw this.wrong(name, "no whole number");
  }

  /** `30s`, `15m`, `12h`, `30d`; milliseconds. */
  duration(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const [, number, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(value) ?? [];
    if (number === undefined || unit === undefined)
      throw this.wrong(name, "no duration like 15m or 30d");
    return Number(number) * (UNITS[unit] ?? 1);
  }

  /** `10GiB` or a number; bytes. */
  size(name: string): number | undefined {
    if (typeof this.values[name] === "number") return this.count(name);
    const value = this.text(name);
    if (value === undefined) return undefined;
    const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(|B|KiB|MiB|GiB|TiB)$/.exec(value) ?? [];
    if (number === undefined || unit === undefined)
      throw this.wrong(name, "no size like 500MiB or 10GiB");
    return Math.floor(Number(number) * (SIZES[unit] ?? 1));
  }

  /** One text or a list of them. */
  texts(name: string): string[] | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const list = Array.isArray(value) ? value : [value];
    if (list.every((entry) => typeof entry === "string")) return list as string[];
    throw this.wrong(name, "no list of texts");
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = allowed.find((word) => word === value);
    if (found === undefined) throw this.wrong(name, `none of ${allowed.join(", ")}`);
    return found;
  }

  manyOf<T extends string>(name: string, allowed: readonly T[]): T[] | undefined {
    return this.texts(name)?.map((value) => {
      const found = allowed.find((word) => word === value);
      if (found === undefined) throw this.wrong(name, `none of ${allowed.join(", ")}`);
      return found;
    });
  }

  section(name: string): SettingsReader | undefined {
    const value = this.take(name);
    return value === undefined ? undefined : SettingsReader.of(value, this.path + name);
  }

  sections(name: string): SettingsReader[] {
    const value = this.take(name) ?? [];
    if (!Array.isArray(value)) throw this.wrong(name, "no list");
    return value.map((entry, index) => SettingsReader.of(entry, `${this.path}${name}[${index}]`));
  }

  /** A setting that a flag has spoken for. */
  known(name: string): void {
    this.taken.add(name);
  }

  /** A word that nobody knows is a mistake, not a wish. */
  finish(): void {
    for (const name of Object.keys(this.values)) {
      if (!this.taken.has(name)) throw this.wrong(name, "not a setting");
    }
  }

  wrong(name: string, why: string): Error {
    return invalidArgument(`Cannot read the settings: "${this.path}${name}" is ${why}`);
  }

  private take(name: string): unknown {
    this.taken.add(name);
    return this.values[name];
  }
}
