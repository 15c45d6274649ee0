import type { CheckDirective, Dockerfile, Position } from "../ast.ts";
import { RULES, type Rule, type RuleName, ruleDescription, ruleUrl } from "./rules.ts";

export interface LintWarning {
  readonly rule: RuleName;
  readonly message: string;
  readonly description: string;
  readonly url: string;
  readonly position: Position;
}

/** Collects warnings that the file and the comment above an instruction do not turn off. */
export class WarningList {
  readonly #dockerfile: Dockerfile;
  readonly #options: CheckDirective | undefined;
  readonly #warnings = new Map<string, LintWarning>();

  constructor(dockerfile: Dockerfile, options: CheckDirective | undefined) {
    this.#dockerfile = dockerfile;
    this.#options = options;
  }

  add(rule: RuleName, position: Position, message: string): void {
    const applying = [this.#options, this.#dockerfile.checks.get(position.line)];
    if (applying.some((options) => names(options?.skip, rule))) return;
    const definition: Rule = RULES[rule];
    const isAsked = applying.some((options) => names(options?.experimental, rule));
    if (definition.experimental === true && !isAsked) return;
    this.#warnings.set(`${rule} ${position.line} ${message}`, {
      rule,
      message,
      description: ruleDescription(rule),
      url: ruleUrl(rule),
      position,
    });
  }

  /** In the order of the file. */
  inOrder(): readonly LintWarning[] {
    return [...this.#warnings.values()].sort(
      (left, right) => left.position.line - right.position.line,
    );
  }
}

const names = (list: readonly string[] | undefined, rule: RuleName): boolean =>
  list?.some((each) => each === "all" || each.toLowerCase() === rule.toLowerCase()) === true;
