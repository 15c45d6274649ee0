import { quoteGo } from "../quote-go.ts";
import { lexTemplate, type Token, type TokenType } from "./lexer.ts";
import {
  type BranchKind,
  type Command,
  type Node,
  nodeText,
  type Operand,
  type Pipe,
  TemplateError,
} from "./syntax.ts";
import { unquoteGo } from "./unquote-go.ts";

export interface ParsedTemplate {
  readonly name: string;
  readonly source: string;
  readonly root: readonly Node[];
  /** Bodies of `{{define}}` and `{{block}}`. */
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** How a list of nodes ended. */
type Terminator = "end" | "else" | "eof";

const OPERAND_START: ReadonlySet<TokenType> = new Set<TokenType>([
  "bool",
  "char",
  "dot",
  "field",
  "identifier",
  "number",
  "string",
  "variable",
  "open",
]);

/** Reads a template. Throws `TemplateError` (`template: NAME:LINE: …`). */
export function parse(
  source: string,
  name: string,
  isFunction: (name: string) => boolean,
): ParsedTemplate {
  return new Parser(source, name, isFunction).template();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #defined = new Map<string, readonly Node[]>();
  readonly #name: string;
  readonly #source: string;
  readonly #isFunction: (name: string) => boolean;
  #at = 0;
  #variables: string[] = ["$"];
  #rangeDepth = 0;

  constructor(source: string, name: string, isFunction: (name: string) => boolean) {
    this.#tokens = lexTemplate(source);
    this.#source = source;
    this.#name = name;
    this.#isFunction = isFunction;
  }

  template(): ParsedTemplate {
    const root: Node[] = [];
    while (this.#peek().type !== "eof") {
      const node = this.#textOrAction(true);
      if (node === "end" || node === "else") this.#fail(`unexpected {{${node}}}`);
      if (node !== undefined) root.push(node);
    }
    return { name: this.#name, source: this.#source, root, defined: this.#defined };
  }

  #fail(message: string): never {
    const line = this.#tokens[Math.max(this.#at - 1, 0)]?.line ?? 1;
    throw new TemplateError(`template: ${this.#name}:${line}: ${message}`);
  }

  #unexpected(token: Token, context: string): never {
    if (token.type === "error") this.#fail(token.text);
    this.#fail(`unexpected ${tokenText(token)} in ${context}`);
  }

  #next(): Token {
    const token = this.#peek();
    if (this.#at < this.#tokens.length - 1) this.#at++;
    else this.#at = this.#tokens.length;
    return token;
  }

  #peek(): Token {
    const last = this.#tokens[this.#tokens.length - 1];
    const token = this.#tokens[this.#at] ?? last;
    return token ?? { type: "eof", pos: 0, text: "", line: 1 };
  }

  #skipSpace(): void {
    while (this.#peek().type === "space") this.#at++;
  }

  #nextWord(): Token {
    this.#skipSpace();
    return this.#next();
  }

  #peekWord(): Token {
    this.#skipSpace();
    return this.#peek();
  }

  #peekKeyword(word: string): boolean {
    const token = this.#peekWord();
    return token.type === "keyword" && token.text === word;
  }

  #expect(type: TokenType, context: string): Token {
    const token = this.#nextWord();
    if (token.type !== type) this.#unexpected(token, context);
    return token;
  }

  #list(): { nodes: Node[]; terminator: Terminator } {
    const nodes: Node[] = [];
    while (this.#peekWord().type !== "eof") {
      const node = this.#textOrAction(false);
      if (node === "end" || node === "else") return { nodes, terminator: node };
      if (node !== undefined) nodes.push(node);
    }
    this.#fail("unexpected EOF");
  }

  #textOrAction(topLevel: boolean): Node | "end" | "else" | undefined {
    const token = this.#nextWord();
    if (token.type === "text") return { kind: "text", pos: token.pos, text: token.text };
    if (token.type !== "left") this.#unexpected(token, "input");
    const first = this.#peekWord();
    if (first.type === "keyword" && first.text !== "nil") return this.#keyword(topLevel);
    const pipe = this.#pipeline("command", "right");
    return { kind: "action", pos: first.pos, pipe };
  }

  #keyword(topLevel: boolean): Node | "end" | "else" | undefined {
    const token = this.#next();
    switch (token.text) {
      case "if":
      case "with":
      case "range":
        return this.#branch(token.text, token.pos);
      case "end":
        this.#expect("right", "end");
        return "end";
      case "else":
        if (!this.#peekKeyword("if") && !this.#peekKeyword("with")) this.#expect("right", "else");
        return "else";
      case "break":
      case "continue":
        return this.#jump(token.text, token.pos);
      case "template":
        return this.#templateCall(token.pos);
      case "block":
        return this.#block(token.pos);
      case "define":
        if (!topLevel) this.#unexpected(token, "command");
        this.#definition("define clause");
        return undefined;
      default:
        return this.#unexpected(token, "command");
    }
  }

  #branch(kind: BranchKind, pos: number): Node {
    const outer = this.#variables.length;
    const pipe = this.#pipeline(kind, "right");
    if (kind === "range") this.#rangeDepth++;
    const { nodes: body, terminator } = this.#list();
    if (kind === "range") this.#rangeDepth--;
    const otherwise = terminator === "else" ? this.#otherwise(kind) : [];
    this.#variables.length = outer;
    return { kind, pos, pipe, body, otherwise };
  }

  #otherwise(kind: BranchKind): readonly Node[] {
    if ((kind === "if" || kind === "with") && this.#peekKeyword(kind)) {
      // `{{else if}}` shares the `{{end}}` of the outer one.
      return [this.#branch(kind, this.#next().pos)];
    }
    if (this.#peekKeyword("if") || this.#peekKeyword("with")) {
      this.#unexpected(this.#next(), "else");
    }
    const { nodes, terminator } = this.#list();
    if (terminator !== "end") this.#fail("expected end; found {{else}}");
    return nodes;
  }

  #jump(kind: "break" | "continue", pos: number): Node {
    const token = this.#nextWord();
    if (token.type !== "right") this.#unexpected(token, `{{${kind}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${kind}}} outside {{range}}`);
    return { kind, pos };
  }

  #templateName(context: string): Token {
    const token = this.#nextWord();
    if (token.type !== "string") this.#unexpected(token, context);
    return token;
  }

  #templateCall(_keyword: number): Node {
    const token = this.#templateName("template clause");
    const name = this.#unquote(token.text);
    if (this.#peekWord().type === "right") {
      this.#next();
      return { kind: "template", pos: token.pos, name };
    }
    return {
      kind: "template",
      pos: token.pos,
      name,
      pipe: this.#pipeline("template clause", "right"),
    };
  }

  #block(pos: number): Node {
    const name = this.#unquote(this.#templateName("block clause").text);
    const pipe = this.#pipeline("block clause", "right");
    this.#body(name);
    return { kind: "template", pos, name, pipe };
  }

  #definition(context: string): void {
    const name = this.#unquote(this.#templateName(context).text);
    this.#expect("right", context);
    this.#body(name);
  }

  #body(name: string): void {
    const [variables, depth] = [this.#variables, this.#rangeDepth];
    [this.#variables, this.#rangeDepth] = [["$"], 0];
    const { nodes, terminator } = this.#list();
    if (terminator !== "end") this.#fail("unexpected {{else}} in define clause");
    [this.#variables, this.#rangeDepth] = [variables, depth];
    this.#defined.set(name, nodes);
  }

  #pipeline(context: string, end: TokenType): Pipe {
    const pos = this.#peekWord().pos;
    const declared = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#peekWord();
      if (token.type === end) {
        this.#next();
        this.#checkPipeline(commands, context);
        return { kind: "pipe", pos, ...declared, commands };
      }
      const startsOperand =
        OPERAND_START.has(token.type) || (token.type === "keyword" && token.text === "nil");
      if (!startsOperand) this.#unexpected(this.#next(), context);
      commands.push(this.#command());
    }
  }

  #declarations(context: string): Pick<Pipe, "variables" | "assigns"> {
    const variables: string[] = [];
    for (;;) {
      const back = this.#at;
      const variable = this.#peekWord();
      if (variable.type !== "variable") return { variables, assigns: false };
      this.#next();
      const operator = this.#peekWord();
      if (operator.type === "declare" || operator.type === "assign") {
        this.#next();
        variables.push(variable.text);
        this.#declare(variables, operator.type === "assign");
        return { variables, assigns: operator.type === "assign" };
      }
      if (operator.type !== "comma") {
        this.#at = back;
        return { variables, assigns: false };
      }
      this.#next();
      variables.push(variable.text);
      if (context !== "range" || variables.length > 1) {
        this.#fail(`too many declarations in ${context}`);
      }
      const following = this.#peekWord().type;
      if (following !== "variable" && following !== "right" && following !== "close") {
        this.#fail("range can only initialize variables");
      }
    }
  }

  #declare(variables: readonly string[], assigns: boolean): void {
    for (const name of variables) {
      if (assigns && !this.#variables.includes(name)) {
        this.#fail(`undefined variable ${quoteGo(name)}`);
      }
      this.#variables.push(name);
    }
  }

  #checkPipeline(commands: readonly Command[], context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    for (const [index, { args }] of commands.entries()) {
      const kind = args[0]?.kind ?? "";
      if (index > 0 && ["bool", "dot", "nil", "number", "string"].includes(kind)) {
        this.#fail(`non executable command in pipeline stage ${index + 1}`);
      }
    }
  }

  #command(): Command {
    const pos = this.#peekWord().pos;
    const args: Operand[] = [];
    for (;;) {
      const operand = this.#operand();
      if (operand !== undefined) args.push(operand);
      const token = this.#peek();
      if (token.type === "space") {
        this.#skipSpace();
        continue;
      }
      if (token.type === "pipe") this.#next();
      else if (token.type !== "right" && token.type !== "close") {
        this.#unexpected(this.#next(), "operand");
      }
      if (args.length === 0) this.#fail("empty command");
      return { kind: "command", pos, args };
    }
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#peek().type !== "field") return term;
    const pos = this.#peek().pos;
    const path: string[] = [];
    while (this.#peek().type === "field") path.push(this.#next().text.slice(1));
    switch (term.kind) {
      case "field":
      case "variable":
        return { ...term, pos, path: [...term.path, ...path] };
      case "bool":
      case "string":
      case "number":
      case "nil":
      case "dot":
        return this.#fail(`unexpected . after term ${quoteGo(nodeText(term))}`);
      default:
        return { kind: "chain", pos, base: term, path };
    }
  }

  #term(): Operand | undefined {
    const token = this.#peekWord();
    const { pos, text } = token;
    if (token.type === "keyword" && text !== "nil") return undefined;
    switch (token.type) {
      case "keyword":
        this.#next();
        return { kind: "nil", pos };
      case "dot":
        this.#next();
        return { kind: "dot", pos };
      case "field":
        this.#next();
        return { kind: "field", pos, path: [text.slice(1)] };
      case "bool":
        this.#next();
        return { kind: "bool", pos, value: text === "true" };
      case "identifier":
        this.#next();
        if (!this.#isFunction(text)) this.#fail(`function ${quoteGo(text)} not defined`);
        return { kind: "function", pos, name: text };
      case "variable":
        this.#next();
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${quoteGo(text)}`);
        return { kind: "variable", pos, name: text, path: [] };
      case "string":
        this.#next();
        return { kind: "string", pos, value: this.#unquote(text), source: text };
      case "char":
      case "number":
        this.#next();
        return this.#number(token);
      case "open":
        this.#next();
        return this.#pipeline("parenthesized pipeline", "close");
      default:
        return undefined;
    }
  }

  #number({ type, pos, text }: Token): Operand {
    if (type === "char") {
      const value = this.#unquote(`"${text.slice(1, -1)}"`).codePointAt(0) ?? 0;
      return { kind: "number", pos, value, source: text, float: false };
    }
    const plain = text.replace(/_/g, "");
    const negative = plain.startsWith("-");
    const magnitude = Number(plain.replace(/^[-+]/, "").replace(/^0(?=[0-7]+$)/, "0o"));
    if (Number.isNaN(magnitude)) this.#fail(`illegal number syntax: ${quoteGo(text)}`);
    const float = /[.eE]/.test(plain) && !/^[-+]?0[xX]/.test(plain);
    const value = negative ? -magnitude : magnitude;
    return { kind: "number", pos, value, source: text, float: float && !Number.isInteger(value) };
  }

  #unquote(text: string): string {
    const value = unquoteGo(text);
    if (value === undefined) this.#fail("invalid syntax");
    return value;
  }
}

function tokenText({ type, text }: Token): string {
  if (type === "eof") return "EOF";
  if (type === "keyword") return `<${text}>`;
  return text.length > 10 ? `${quoteGo(text.slice(0, 10))}...` : quoteGo(text);
}
