import { cleanPath } from "./clean-path.ts";
import { invalidArgument } from "./errors.ts";
import { PathPattern } from "./path-pattern.ts";

interface Rule {
  readonly pattern: PathPattern;
  /** `!pattern`: takes in again what rules before it leave out. */
  readonly exception: boolean;
  readonly segments: readonly string[];
}

/** Which rules match a directory: hand it in with what stands inside. */
export type DirectoryMatch = readonly boolean[];

/**
 * The rules of a `.dockerignore`: the last one that matches a path or a directory above it decides. Paths
 * are relative and slash-delimited.
 */
export class IgnorePatterns {
  readonly #rules: readonly Rule[];
  readonly hasExceptions: boolean;

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.hasExceptions = rules.some(({ exception }) => exception);
  }

  /** The file's text. Throws `invalid-argument` with the number of a line that is malformed. */
  static parse(text: string, fileName = ".dockerignore"): IgnorePatterns {
    const rules: Rule[] = [];
    for (const [index, line] of text
      .replace(/^\uFEFF/, "")
      .split("\n")
      .entries()) {
      if (line.startsWith("#") || line.trim() === "") continue;
      try {
        rules.push(readRule(line));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw invalidArgument(`${fileName}:${index + 1}: ${why}`, error);
      }
    }
    return new IgnorePatterns(rules);
  }

  /** As `--exclude` gives them. Throws `invalid-argument`. */
  static of(patterns: readonly string[]): IgnorePatterns {
    return new IgnorePatterns(patterns.filter((each) => each.trim() !== "").map(readRule));
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  ignores(path: string): boolean {
    let match: DirectoryMatch | undefined;
    let ignored = false;
    for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
      ({ match } = this.enter(path.slice(0, end), match));
    }
    ({ ignored } = this.enter(path, match));
    return ignored;
  }

  /** The same for a walk down a tree, which knows what the directory above matched. */
  enter(
    path: string,
    above: DirectoryMatch | undefined,
  ): { readonly ignored: boolean; readonly match: DirectoryMatch } {
    let ignored = false;
    const match = this.#rules.map((rule, index) => {
      // A rule that would change nothing is not asked.
      const matches =
        above?.[index] === true || (rule.exception === ignored && rule.pattern.matches(path));
      if (matches) ignored = !rule.exception;
      return matches;
    });
    return { ignored, match };
  }

  /** False where nothing inside an ignored directory can be taken in again: it need not be read. */
  mayHoldExceptions(directory: string): boolean {
    if (!this.hasExceptions) return false;
    const path = directory.split("/");
    return this.#rules.some(({ exception, segments }) => exception && reaches(segments, path));
  }

  /** Some rule leaves out everything at the top: `*`, `**`. */
  get ignoresEverything(): boolean {
    return this.#rules.some(
      ({ exception, pattern }) => !exception && /^(?:\*|\*\*|\*\*\/\*)$/.test(pattern.text),
    );
  }
}

function readRule(line: string): Rule {
  let text = line.trim();
  const exception = text.startsWith("!");
  if (exception) text = text.slice(1).trim();
  if (text === "") throw invalidArgument('illegal exclusion pattern: "!"');
  text = cleanPath(text);
  if (text.length > 1 && text.startsWith("/")) text = text.slice(1);
  return { pattern: new PathPattern(text), exception, segments: text.split("/") };
}

/** Whether something below the directory can match; `**` can stand for any directory. */
function reaches(segments: readonly string[], directory: readonly string[]): boolean {
  for (const [index, name] of directory.entries()) {
    const segment = segments[index];
    if (segment === undefined || segment.includes("**")) return true;
    if (!new PathPattern(segment).matches(name)) return false;
  }
  return true;
}
