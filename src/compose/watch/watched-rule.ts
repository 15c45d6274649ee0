import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { IgnorePatterns } from "../../spec/ignore-patterns.ts";
import type { Service, WatchRule } from "../file/project.ts";

/** What editors and git leave for a moment: never a reason to do something. */
const FLEETING = IgnorePatterns.of([
  "**/.git",
  "**/.idea",
  "**/*___jb_old___",
  "**/*___jb_tmp___",
  "**/.#*",
  "**/#*#",
  "**/4913",
  "**/*~",
  "**/.*.sw?",
  "**/.*.sw??",
  "**/.*.kate-swp",
  "**/.goutputstream-*",
]);

/** A rule of a service's `develop.watch`, with what it looks at and what it leaves alone. */
export class WatchedRule {
  readonly service: string;
  readonly rule: WatchRule;
  readonly #include: IgnorePatterns | undefined;
  readonly #ignore: IgnorePatterns;
  readonly #context: { root: string; ignore: IgnorePatterns } | undefined;

  constructor(name: string, service: Service, rule: WatchRule) {
    this.service = name;
    this.rule = rule;
    this.#ignore = IgnorePatterns.of(rule.ignore ?? []);
    const { include = [] } = rule;
    this.#include = include.length === 0 ? undefined : IgnorePatterns.of(include);
    const root = service.build?.context;
    this.#context =
      root === undefined || !root.startsWith("/")
        ? undefined
        : { root, ignore: contextRules(root) };
  }

  /** Path below the rule's, `""` for the rule's own; undefined if this is none of its business. */
  within(path: string): string | undefined {
    const inside = relative(this.rule.path, path);
    if (inside === ".." || inside.startsWith("../")) return undefined;
    if (inside !== "" && (this.#ignore.ignores(inside) || FLEETING.ignores(inside))) {
      return undefined;
    }
    if (this.#isOutOfContext(path)) return undefined;
    return inside;
  }

  /** `include` is about files: directories are walked for what may be in them. */
  includes(inside: string): boolean {
    return this.#include === undefined || inside === "" || this.#include.ignores(inside);
  }

  /** Where a file stands in the container. */
  inContainer(inside: string): string {
    return inside === "" ? (this.rule.target ?? "/") : join(this.rule.target ?? "/", inside);
  }

  get syncs(): boolean {
    return this.rule.action.startsWith("sync");
  }

  #isOutOfContext(path: string): boolean {
    if (this.#context === undefined) return false;
    const inside = relative(this.#context.root, path);
    if (inside === "" || inside === ".." || inside.startsWith("../")) return false;
    return this.#context.ignore.ignores(inside);
  }
}

/** What a build leaves out is no reason to do something either. */
function contextRules(root: string): IgnorePatterns {
  const path = join(root, ".dockerignore");
  try {
    return IgnorePatterns.parse(readFileSync(path, "utf8"), path);
  } catch (error) {
    if (error instanceof Error && "code" in error) return IgnorePatterns.of([]);
    throw error;
  }
}
