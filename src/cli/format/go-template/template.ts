import { type EvaluationOptions, evaluate } from "./evaluator.ts";
import { STANDARD_FUNCTIONS, type TemplateFunctions } from "./functions.ts";
import { type ParsedTemplate, parse } from "./parser.ts";
import type { Node, Operand } from "./syntax.ts";

/** A template that can be executed for any number of values. */
export class Template {
  readonly #parsed: ParsedTemplate;

  constructor(parsed: ParsedTemplate) {
    this.#parsed = parsed;
  }

  /** The text for one value. Throws `TemplateError`. */
  execute(
    data: unknown,
    options: EvaluationOptions & { functions?: TemplateFunctions } = {},
  ): string {
    return evaluate(this.#parsed, options.functions ?? STANDARD_FUNCTIONS, data, options);
  }

  /** Whether some field of this name is read: tells whether costly values (sizes) must be asked for. */
  readsField(name: string): boolean {
    return this.#parsed.root.some((node) => nodeReads(node, name));
  }
}

/** Reads a template. Throws `TemplateError` (`template: NAME:LINE: …`). */
export function parseTemplate(source: string, name = ""): Template {
  return new Template(parse(source, name, (each) => STANDARD_FUNCTIONS.has(each)));
}

function nodeReads(node: Node, name: string): boolean {
  switch (node.kind) {
    case "text":
    case "break":
    case "continue":
      return false;
    case "action":
      return operandReads(node.pipe, name);
    case "template":
      return node.pipe !== undefined && operandReads(node.pipe, name);
    default:
      return (
        operandReads(node.pipe, name) ||
        [...node.body, ...node.otherwise].some((each) => nodeReads(each, name))
      );
  }
}

function operandReads(operand: Operand, name: string): boolean {
  switch (operand.kind) {
    case "field":
    case "variable":
      return operand.path.includes(name);
    case "chain":
      return operand.path.includes(name) || operandReads(operand.base, name);
    case "pipe":
      return operand.commands.some(({ args }) => args.some((each) => operandReads(each, name)));
    case "dot":
      return true;
    default:
      return false;
  }
}
