import { quoteGo } from "../quote-go.ts";
import { type TemplateFunction, type TemplateFunctions, wrongType } from "./functions.ts";
import {
  isNil,
  isNumeric,
  isStruct,
  isTrue,
  printValue,
  sortedKeys,
  typeName,
} from "./go-value.ts";
import type { ParsedTemplate } from "./parser.ts";
import {
  type Command,
  type Node,
  nodeText,
  type Operand,
  type Pipe,
  TemplateError,
} from "./syntax.ts";

export interface EvaluationOptions {
  /** A map's missing key is an error rather than `<no value>`. */
  readonly strictKeys?: boolean;
  /** Data came without types: errors speak of `interface {}`. */
  readonly untyped?: boolean;
}

/** A value that was never there; distinct from a nil that was. */
const MISSING: unique symbol = Symbol("no value");

type Located = Parameters<typeof nodeText>[0];

class Jump extends Error {
  readonly kind: "break" | "continue";

  constructor(kind: "break" | "continue") {
    super(kind);
    this.kind = kind;
  }
}

const MAX_DEPTH = 1000;

/** Executes a template over data. Throws `TemplateError` with Go's words, place and excerpt included. */
export function evaluate(
  template: ParsedTemplate,
  functions: TemplateFunctions,
  data: unknown,
  options: EvaluationOptions,
): string {
  return new Evaluator(template, functions, options).execute(data);
}

class Evaluator {
  #output = "";
  #variables: { name: string; value: unknown }[] = [];
  #place: Located | undefined;
  #depth = 0;
  readonly #template: ParsedTemplate;
  readonly #functions: TemplateFunctions;
  readonly #options: EvaluationOptions;

  constructor(template: ParsedTemplate, functions: TemplateFunctions, options: EvaluationOptions) {
    this.#template = template;
    this.#functions = functions;
    this.#options = options;
  }

  execute(data: unknown): string {
    this.#variables = [{ name: "$", value: data }];
    this.#walk(data, this.#template.root);
    return this.#output;
  }

  #fail(message: string): never {
    const { name, source } = this.#template;
    if (this.#place === undefined) throw new TemplateError(`template: ${name}: ${message}`);
    const before = source.slice(0, this.#place.pos);
    const lineStart = before.lastIndexOf("\n") + 1;
    const line = before.split("\n").length;
    const column = Buffer.byteLength(before.slice(lineStart));
    const excerpt = nodeText(this.#place);
    throw new TemplateError(
      `template: ${name}:${line}:${column}: executing ${quoteGo(name)} at <${excerpt}>: ${message}`,
    );
  }

  #walk(dot: unknown, nodes: readonly Node[]): void {
    for (const node of nodes) this.#walkNode(dot, node);
  }

  #walkNode(dot: unknown, node: Node): void {
    switch (node.kind) {
      case "text":
        this.#output += node.text;
        return;
      case "action": {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.variables.length === 0) this.#print(value);
        return;
      }
      case "if":
      case "with":
        this.#condition(dot, node);
        return;
      case "range":
        this.#range(dot, node);
        return;
      case "template":
        this.#call(dot, node);
        return;
      default:
        throw new Jump(node.kind);
    }
  }

  #print(value: unknown): void {
    this.#output += value === MISSING ? "<no value>" : printValue(value);
  }

  #condition(
    dot: unknown,
    { kind, pipe, body, otherwise }: Extract<Node, { kind: "if" | "with" | "range" }>,
  ): void {
    const outer = this.#variables.length;
    const value = this.#pipeline(dot, pipe);
    if (value !== MISSING && isTrue(value)) this.#walk(kind === "with" ? value : dot, body);
    else this.#walk(dot, otherwise);
    this.#variables.length = outer;
  }

  #range(
    dot: unknown,
    { pipe, body, otherwise }: Extract<Node, { kind: "if" | "with" | "range" }>,
  ): void {
    const outer = this.#variables.length;
    const value = this.#pipeline(dot, pipe, false);
    const inner = this.#variables.length;
    const entries = this.#entries(value);
    for (const [key, element] of entries) {
      this.#bindRange(pipe, key, element);
      const jump = this.#iteration(element, body);
      this.#variables.length = inner;
      if (jump === "break") break;
    }
    if (entries.length === 0) this.#walk(dot, otherwise);
    this.#variables.length = outer;
  }

  #iteration(element: unknown, body: readonly Node[]): Jump["kind"] | undefined {
    try {
      this.#walk(element, body);
      return undefined;
    } catch (error) {
      if (error instanceof Jump) return error.kind;
      throw error;
    }
  }

  #bindRange({ variables, assigns }: Pipe, key: unknown, element: unknown): void {
    const values = variables.length === 1 ? [element] : [key, element];
    for (const [index, name] of variables.entries()) this.#bind(name, values[index], assigns);
  }

  #entries(value: unknown): [unknown, unknown][] {
    if (value === MISSING || isNil(value)) return [];
    if (Array.isArray(value)) return value.map((each, index) => [index, each]);
    if (value instanceof Map) return sortedKeys(value).map((key) => [key, value.get(key)]);
    if (typeof value === "number" && Number.isInteger(value)) {
      return Array.from({ length: Math.max(value, 0) }, (_, index) => [index, index]);
    }
    return this.#fail(`range can't iterate over ${printValue(value)}`);
  }

  #call(dot: unknown, node: Extract<Node, { kind: "template" }>): void {
    this.#place = node;
    const body = this.#template.defined.get(node.name);
    if (body === undefined) this.#fail(`template ${quoteGo(node.name)} not defined`);
    if (++this.#depth > MAX_DEPTH) this.#fail(`exceeded maximum template depth (${MAX_DEPTH})`);
    const data = node.pipe === undefined ? undefined : this.#pipeline(dot, node.pipe);
    const variables = this.#variables;
    this.#variables = [{ name: "$", value: data }];
    this.#walk(data, body);
    this.#variables = variables;
    this.#depth--;
  }

  #bind(name: string, value: unknown, assigns: boolean): void {
    if (!assigns) {
      this.#variables.push({ name, value });
      return;
    }
    const variable = this.#variables.findLast((each) => each.name === name);
    if (variable === undefined) this.#fail(`undefined variable: ${name}`);
    variable.value = value;
  }

  #pipeline(dot: unknown, pipe: Pipe, bind = true): unknown {
    this.#place = pipe;
    let value: unknown = MISSING;
    for (const [index, command] of pipe.commands.entries()) {
      value = this.#command(dot, command, index === 0 ? [] : [value]);
    }
    if (bind) for (const name of pipe.variables) this.#bind(name, value, pipe.assigns);
    return value;
  }

  #command(dot: unknown, { args }: Command, final: readonly unknown[]): unknown {
    const [first, ...rest] = args;
    if (first === undefined) return this.#fail("empty command");
    const evaluated = (): unknown[] => [...rest.map((each) => this.#argument(dot, each)), ...final];
    switch (first.kind) {
      case "field":
        return this.#chain(
          dot,
          first,
          first.path,
          rest.length + final.length > 0 ? evaluated : undefined,
        );
      case "chain":
      case "variable": {
        const base =
          first.kind === "chain" ? this.#argument(dot, first.base) : this.#variable(first.name);
        if (first.path.length === 0) break;
        return this.#chain(
          base,
          first,
          first.path,
          rest.length + final.length > 0 ? evaluated : undefined,
        );
      }
      case "function":
        return this.#function(dot, first, rest, final);
    }
    this.#place = first;
    if (rest.length + final.length > 0) {
      this.#fail(`can't give argument to non-function ${nodeText(first)}`);
    }
    if (first.kind === "nil") this.#fail("nil is not a command");
    return this.#argument(dot, first);
  }

  #argument(dot: unknown, operand: Operand): unknown {
    this.#place = operand;
    switch (operand.kind) {
      case "bool":
      case "string":
      case "number":
        return operand.value;
      case "nil":
        return undefined;
      case "dot":
        return dot;
      case "field":
        return this.#chain(dot, operand, operand.path, undefined);
      case "variable":
        return this.#chain(this.#variable(operand.name), operand, operand.path, undefined);
      case "chain":
        return this.#chain(this.#argument(dot, operand.base), operand, operand.path, undefined);
      case "function":
        return this.#function(dot, operand, [], []);
      case "pipe":
        return this.#pipeline(dot, operand);
    }
  }

  #variable(name: string): unknown {
    const variable = this.#variables.findLast((each) => each.name === name);
    if (variable === undefined) return this.#fail(`undefined variable: ${name}`);
    return variable.value;
  }

  #chain(
    base: unknown,
    node: Operand,
    path: readonly string[],
    args: (() => unknown[]) | undefined,
  ): unknown {
    this.#place = node;
    return path.reduce(
      (receiver: unknown, name, index) =>
        this.#field(receiver, name, node, index === path.length - 1 ? args : undefined),
      base,
    );
  }

  #field(
    receiver: unknown,
    name: string,
    node: Operand,
    args: (() => unknown[]) | undefined,
  ): unknown {
    if (receiver === MISSING || receiver === undefined) {
      if (this.#options.strictKeys === true)
        this.#fail(`nil data; no entry for key ${quoteGo(name)}`);
      return MISSING;
    }
    if (receiver instanceof Map) return this.#mapEntry(receiver, name, args);
    if (receiver === null) this.#fail(`nil pointer evaluating ${this.#typeName(receiver)}.${name}`);
    if (!isStruct(receiver) || !(name in receiver) || name === "toJSON") {
      this.#fail(`can't evaluate field ${name} in type ${this.#typeName(receiver)}`);
    }
    const field = receiver[name];
    const values = args?.() ?? [];
    this.#place = node;
    if (typeof field === "function") return this.#method(receiver, name, field, values);
    if (values.length > 0)
      this.#fail(`wrong number of args for ${name}: want 0 got ${values.length}`);
    return field;
  }

  #method(receiver: unknown, name: string, method: unknown, args: readonly unknown[]): unknown {
    const callable = method as (...values: unknown[]) => unknown;
    if (callable.length !== args.length) {
      this.#fail(`wrong number of args for ${name}: want ${callable.length} got ${args.length}`);
    }
    return callable.apply(receiver, [...args]);
  }

  #mapEntry(map: ReadonlyMap<string, unknown>, name: string, args: unknown): unknown {
    if (args !== undefined) this.#fail(`${name} is not a method but has arguments`);
    if (map.has(name)) return map.get(name) ?? (this.#options.untyped === true ? MISSING : null);
    if (this.#options.strictKeys === true) this.#fail(`map has no entry for key ${quoteGo(name)}`);
    return MISSING;
  }

  #typeName(value: unknown): string {
    return this.#options.untyped === true ? "interface {}" : typeName(value);
  }

  #function(
    dot: unknown,
    node: Extract<Operand, { kind: "function" }>,
    args: readonly Operand[],
    final: readonly unknown[],
  ): unknown {
    const definition = this.#functions.get(node.name);
    this.#place = node;
    if (definition === undefined)
      return this.#fail(`${quoteGo(node.name)} is not a defined function`);
    this.#checkCount(node.name, definition, args.length + final.length);
    if (node.name === "and" || node.name === "or") return this.#logic(dot, node.name, args, final);
    const whole = { kind: "command", pos: node.pos, args: [node, ...args] } as const;
    const values = [
      ...args.map((each, index) => this.#parameter(dot, each, parameterAt(definition, index))),
      ...final.map((each) => this.#checkType(each, parameterAt(definition, args.length))),
    ];
    this.#place = args.length === 0 ? node : whole;
    return this.#invoke(node.name, definition, values);
  }

  #invoke(name: string, definition: TemplateFunction, values: readonly unknown[]): unknown {
    const plain = values.map((each) => (each === MISSING ? undefined : each));
    try {
      return (definition.call as (...args: unknown[]) => unknown)(...plain);
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      return this.#fail(`error calling ${name}: ${why}`);
    }
  }

  #checkCount(name: string, { parameters, variadic }: TemplateFunction, got: number): void {
    const want = parameters.length;
    if (variadic === undefined ? got === want : got >= want) return;
    const least = variadic === undefined ? "" : "at least ";
    this.#fail(`wrong number of args for ${name}: want ${least}${want} got ${got}`);
  }

  #logic(
    dot: unknown,
    name: "and" | "or",
    args: readonly Operand[],
    final: readonly unknown[],
  ): unknown {
    let value: unknown;
    for (const operand of args) {
      value = this.#argument(dot, operand);
      if (isTrue(value === MISSING ? undefined : value) === (name === "or")) return value;
    }
    return final.length > 0 ? final[0] : value;
  }

  #parameter(dot: unknown, operand: Operand, type: string): unknown {
    const value = this.#argument(dot, operand);
    this.#place = operand;
    if (operand.kind === "string" && type === "int") {
      this.#fail(`expected integer; found ${operand.source}`);
    }
    if (operand.kind === "number" && type === "string") {
      this.#fail(`expected string; found ${operand.source}`);
    }
    return this.#checkType(value, type);
  }

  #checkType(value: unknown, type: string): unknown {
    const fits =
      type === "any" ||
      (type === "string" && typeof value === "string") ||
      (type === "int" && isNumeric(value)) ||
      (type === "slice" && (Array.isArray(value) || isNil(value)));
    if (fits) return type === "slice" && isNil(value) ? [] : value;
    if (value === MISSING || isNil(value)) {
      this.#fail(`invalid value; expected ${type === "slice" ? "[]string" : type}`);
    }
    return this.#fail(wrongType(type === "slice" ? "[]string" : type, value));
  }
}

function parameterAt({ parameters, variadic }: TemplateFunction, index: number): string {
  return parameters[index] ?? variadic ?? "any";
}
