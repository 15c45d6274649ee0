import { quoteGo } from "../quote-go.ts";

/** Byte offset from the start of the template; text is treated as UTF-16 units, as near as errors need. */
export type Position = number;

export type Operand =
  | { kind: "bool"; pos: Position; value: boolean }
  | { kind: "string"; pos: Position; value: string; source: string }
  | { kind: "number"; pos: Position; value: number; source: string; float: boolean }
  | { kind: "nil"; pos: Position }
  | { kind: "dot"; pos: Position }
  | { kind: "field"; pos: Position; path: readonly string[] }
  | { kind: "variable"; pos: Position; name: string; path: readonly string[] }
  | { kind: "function"; pos: Position; name: string }
  | { kind: "chain"; pos: Position; base: Operand; path: readonly string[] }
  | Pipe;

export interface Command {
  kind: "command";
  pos: Position;
  args: readonly Operand[];
}

export interface Pipe {
  kind: "pipe";
  pos: Position;
  variables: readonly string[];
  /** `=` rather than `:=`. */
  assigns: boolean;
  commands: readonly Command[];
}

export type BranchKind = "if" | "with" | "range";

export type Node =
  | { kind: "text"; pos: Position; text: string }
  | { kind: "action"; pos: Position; pipe: Pipe }
  | {
      kind: BranchKind;
      pos: Position;
      pipe: Pipe;
      body: readonly Node[];
      otherwise: readonly Node[];
    }
  | { kind: "template"; pos: Position; name: string; pipe?: Pipe }
  | { kind: "break" | "continue"; pos: Position };

type Printable = Operand | Command | Extract<Node, { kind: "template" }>;

/** The node as source text: what errors show between `<` and `>`. */
export function nodeText(node: Printable): string {
  switch (node.kind) {
    case "bool":
      return String(node.value);
    case "string":
    case "number":
      return node.source;
    case "nil":
      return "nil";
    case "dot":
      return ".";
    case "field":
      return node.path.map((name) => `.${name}`).join("");
    case "variable":
      return [node.name, ...node.path].join(".");
    case "function":
      return node.name;
    case "chain":
      return `${argumentText(node.base)}${node.path.map((name) => `.${name}`).join("")}`;
    case "command":
      return node.args.map(argumentText).join(" ");
    case "template":
      return `{{template ${quoteGo(node.name)}${node.pipe ? ` ${nodeText(node.pipe)}` : ""}}}`;
    case "pipe":
      return pipeText(node);
  }
}

const argumentText = (operand: Operand): string =>
  operand.kind === "pipe" ? `(${nodeText(operand)})` : nodeText(operand);

function pipeText(pipe: Pipe): string {
  const declared =
    pipe.variables.length === 0 ? "" : `${pipe.variables.join(", ")} ${pipe.assigns ? "=" : ":="} `;
  return declared + pipe.commands.map(nodeText).join(" | ");
}

/** What is wrong with a template's text or its execution, in the words of Go's text/template. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
