import { csvFields } from "../../../spec/csv-fields.ts";

/** `type=local,dest=out`: names in lower case; a field without `=` is an error. */
export function readAttributes(text: string, flag: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const field of csvFields(text)) {
    const at = field.indexOf("=");
    if (at < 0) throw new Error(`invalid value ${field} of ${flag}: it must be name=value`);
    attributes.set(field.slice(0, at).trim().toLowerCase(), field.slice(at + 1));
  }
  return attributes;
}

/** Takes names out as they are read; what is left at the end is unknown. */
export class AttributeReader {
  readonly #left: Map<string, string>;
  readonly #flag: string;

  constructor(attributes: ReadonlyMap<string, string>, flag: string) {
    this.#left = new Map(attributes);
    this.#flag = flag;
  }

  take(...names: readonly string[]): string | undefined {
    let value: string | undefined;
    for (const name of names) {
      value ??= this.#left.get(name);
      this.#left.delete(name);
    }
    return value;
  }

  takeBoolean(name: string): boolean | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (/^(?:1|t|true)$/i.test(value)) return true;
    if (/^(?:0|f|false)$/i.test(value)) return false;
    throw new Error(`invalid value ${value} for ${name} of ${this.#flag}: true or false`);
  }

  end(known: readonly string[]): void {
    const [name] = this.#left.keys();
    if (name === undefined) return;
    throw new Error(`unknown ${this.#flag} option "${name}": known are ${known.join(", ")}`);
  }
}
