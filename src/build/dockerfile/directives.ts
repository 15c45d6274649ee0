import type { CheckDirective, Directives, DockerfileSource } from "./ast.ts";
import { DockerfileError } from "./dockerfile-error.ts";

const DIRECTIVE = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$/;

/** `# name=value` lines at the top; they end at the first line that is none. */
export function readDirectives(source: DockerfileSource): {
  directives: Directives;
  /** The number of the line behind them. */
  firstLine: number;
} {
  const found = new Map<string, string>();
  let at = 0;
  // `#!` makes a Dockerfile executable: https://docs.docker.com/reference/dockerfile/#syntax
  if (source.lines[0]?.startsWith("#!") === true) at = 1;
  for (; at < source.lines.length; at += 1) {
    const match = DIRECTIVE.exec((source.lines[at] ?? "").trimStart());
    const name = match?.[1]?.toLowerCase();
    if (match === null || name === undefined || !/^(?:syntax|escape|check)$/.test(name)) break;
    if (found.has(name)) fail(`only one ${name} parser directive can be used`, at);
    const value = match[2] ?? "";
    if (name === "escape" && value !== "\\" && value !== "`") {
      fail(`invalid escape token '${value}' does not match \` or \\`, at);
    }
    if (name === "check" && readCheckOptions(value) === undefined) {
      fail(`invalid check option "${value}"`, at, "skip=RULE,…;error=true;experimental=RULE,…");
    }
    found.set(name, value);
  }
  return { directives: toDirectives(found), firstLine: at + 1 };

  function fail(reason: string, index: number, hint?: string): never {
    const position = { line: index + 1, endLine: index + 1 };
    throw new DockerfileError(reason, {
      source,
      position,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function toDirectives(found: ReadonlyMap<string, string>): Directives {
  const syntax = found.get("syntax");
  const check = readCheckOptions(found.get("check") ?? "");
  return {
    escape: found.get("escape") === "`" ? "`" : "\\",
    ...(syntax === undefined ? {} : { syntax }),
    ...(check === undefined ? {} : { check }),
  };
}

/** `skip=A,B;error=true`; nothing where it cannot be read or is empty. */
export function readCheckOptions(text: string): CheckDirective | undefined {
  let skip: string[] = [];
  let experimental: string[] = [];
  let error = false;
  if (text.trim() === "") return undefined;
  for (const part of text.split(";")) {
    const at = part.indexOf("=");
    const value = part.slice(at + 1).trim();
    const list = () => value.split(",").map((rule) => rule.trim());
    const name = at < 0 ? "" : part.slice(0, at).trim();
    if (name === "skip") skip = list();
    else if (name === "experimental") experimental = list();
    else if (name === "error" && /^(?:true|false|1|0|t|f)$/i.test(value))
      error = /^[1t]/i.test(value);
    else return undefined;
  }
  return { skip, error, experimental };
}
