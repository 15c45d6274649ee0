import type { DockerfileSource, Escape, Position, SyntaxFinding } from "./ast.ts";
import { DockerfileError } from "./dockerfile-error.ts";
import type { HereDocument } from "./here-document.ts";
import { readJsonForm, splitFlags } from "./split-words.ts";
import { didYouMean } from "./suggest.ts";

export interface LineOrigin {
  readonly source: DockerfileSource;
  readonly escape: Escape;
  readonly comments: readonly string[];
  readonly findings: SyntaxFinding[];
}

type FlagKind = "string" | "boolean" | "list";

/** An instruction taken apart into keyword, flags and the rest, with what an error needs to point at it. */
export class InstructionLine {
  readonly keyword: string;
  readonly kind: string;
  readonly flags: readonly string[];
  readonly rest: string;
  readonly text: string;
  readonly position: Position;
  readonly hereDocuments: readonly HereDocument[];
  readonly origin: LineOrigin;

  constructor(
    text: string,
    position: Position,
    origin: LineOrigin,
    hereDocuments: readonly HereDocument[],
  ) {
    const match = /^(\S*)\s*([\s\S]*)$/.exec(text.trim());
    this.keyword = match?.[1] ?? "";
    this.kind = this.keyword.toUpperCase();
    const { flags, rest } = splitFlags(match?.[2] ?? "", origin.escape);
    this.flags = flags;
    this.rest = rest;
    this.text = text.trim();
    this.position = position;
    this.origin = origin;
    this.hereDocuments = hereDocuments;
  }

  /** The fields that every instruction has. */
  get base(): { position: Position; text: string; keyword: string } {
    return { position: this.position, text: this.text, keyword: this.keyword };
  }

  fail(reason: string, subject?: string, hint?: string): never {
    throw new DockerfileError(reason, {
      source: this.origin.source,
      position: this.position,
      ...(subject === undefined ? {} : { subject }),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  note(rule: SyntaxFinding["rule"], subject: string): void {
    this.origin.findings.push({ rule, subject, position: this.position });
  }

  /** The exec form, where the rest is one. */
  json(): readonly string[] | undefined {
    const form = readJsonForm(this.rest);
    if (form === "not-strings") {
      this.fail(
        "when using JSON array syntax, arrays must be comprised of strings only",
        this.rest,
      );
    }
    return form;
  }

  /** Checks names and values of the flags; a name that is not known is an error with a suggestion. */
  readFlags(known: Readonly<Record<string, FlagKind>>): FlagValues {
    const values = new Map<string, string[]>();
    for (const flag of this.flags) {
      const [written = ""] = flag.split("=", 1);
      const name = written.slice(2);
      const value = flag.length > written.length ? flag.slice(written.length + 1) : undefined;
      const kind = Object.hasOwn(known, name) ? known[name] : undefined;
      if (kind === undefined) {
        const options = Object.keys(known).map((each) => `--${each}`);
        this.fail(`unknown flag: ${written}`, written, didYouMean(written, options));
      }
      const before = values.get(name) ?? [];
      if (before.length > 0 && kind !== "list") {
        this.fail(`duplicate flag specified: ${written}`, written);
      }
      values.set(name, [...before, this.#flagValue(written, kind, value)]);
    }
    return new FlagValues(values);
  }

  #flagValue(written: string, kind: FlagKind, value: string | undefined): string {
    if (kind !== "boolean") {
      return value ?? this.fail(`missing a value on flag: ${written}`, written);
    }
    if (value === "") this.fail(`missing a value on flag: ${written}`, written);
    const truth = (value ?? "true").toLowerCase();
    if (truth !== "true" && truth !== "false") {
      this.fail(`expecting boolean value for flag ${written}, not: ${value}`, written);
    }
    return truth;
  }
}

export class FlagValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Absent where the flag is. */
  string(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  boolean(name: string): boolean | undefined {
    const value = this.string(name);
    return value === undefined ? undefined : value === "true";
  }
}
