import type {
  Instruction,
  OnbuildInstruction,
  ShellInstruction,
  VolumeInstruction,
} from "./ast.ts";
import { InstructionLine } from "./instruction-line.ts";
import { parseAdd, parseCopy } from "./parse-files.ts";
import { parseHealthcheck } from "./parse-healthcheck.ts";
import { parseCommand, parseRun } from "./parse-run.ts";
import { parseArg, parsePairs } from "./parse-variables.ts";
import { didYouMean } from "./suggest.ts";

const PARSERS: Readonly<Record<string, (line: InstructionLine) => Instruction>> = {
  ADD: parseAdd,
  ARG: parseArg,
  CMD: (line) => parseCommand(line, "CMD"),
  COPY: parseCopy,
  ENTRYPOINT: (line) => parseCommand(line, "ENTRYPOINT"),
  ENV: (line) => ({ kind: "ENV", ...line.base, pairs: parsePairs(line, "ENV") }),
  EXPOSE: (line) => ({ kind: "EXPOSE", ...line.base, ports: spacedWords(line) }),
  HEALTHCHECK: parseHealthcheck,
  LABEL: (line) => ({ kind: "LABEL", ...line.base, pairs: parsePairs(line, "LABEL") }),
  MAINTAINER: (line) => ({ kind: "MAINTAINER", ...line.base, maintainer: wholeRest(line) }),
  ONBUILD: parseOnbuild,
  RUN: parseRun,
  SHELL: parseShell,
  STOPSIGNAL: (line) => ({ kind: "STOPSIGNAL", ...line.base, signal: wholeRest(line) }),
  USER: (line) => ({ kind: "USER", ...line.base, user: wholeRest(line) }),
  VOLUME: parseVolume,
  WORKDIR: (line) => ({ kind: "WORKDIR", ...line.base, path: wholeRest(line) }),
};

export const KEYWORDS: readonly string[] = [...Object.keys(PARSERS), "FROM"];

/** An instruction other than `FROM`. */
export function parseInstruction(line: InstructionLine): Instruction {
  const parser = Object.hasOwn(PARSERS, line.kind) ? PARSERS[line.kind] : undefined;
  if (parser !== undefined) return parser(line);
  line.fail(
    `unknown instruction: ${line.keyword}`,
    line.keyword,
    didYouMean(line.keyword.toUpperCase(), KEYWORDS) ?? missingContinuation(line),
  );
}

/** A line that begins with a shell's word is, as a rule, the rest of a `RUN` above it. */
function missingContinuation(line: InstructionLine): string | undefined {
  return line.position.line > 1 && /^(?:&&|\|\||[a-z./-])/.test(line.keyword)
    ? `does the line above miss a ${line.origin.escape} at its end?`
    : undefined;
}

function wholeRest(line: InstructionLine): string {
  line.readFlags({});
  if (line.rest === "") line.fail(`${line.kind} requires exactly one argument`);
  return line.rest;
}

function spacedWords(line: InstructionLine): readonly string[] {
  line.readFlags({});
  if (line.rest === "") line.fail(`${line.kind} requires at least one argument`);
  return line.rest.split(/\s+/);
}

function parseVolume(line: InstructionLine): VolumeInstruction {
  line.readFlags({});
  const paths = line.json() ?? spacedWords(line);
  if (paths.length === 0) line.fail("VOLUME requires at least one argument");
  if (paths.some((path) => path.trim() === "")) {
    line.fail("VOLUME specified can not be an empty string", line.rest);
  }
  return { kind: "VOLUME", ...line.base, paths: paths.map((path) => path.trim()) };
}

function parseShell(line: InstructionLine): ShellInstruction {
  line.readFlags({});
  const shell = line.json();
  if (shell === undefined && line.rest !== "") {
    line.fail(
      "SHELL requires the arguments to be in JSON form",
      line.rest,
      `as in SHELL ${JSON.stringify(line.rest.split(/\s+/))}`,
    );
  }
  if (shell === undefined || shell.length === 0) line.fail("SHELL requires at least one argument");
  return { kind: "SHELL", ...line.base, shell };
}

function parseOnbuild(line: InstructionLine): OnbuildInstruction {
  const inner = innerLine(line);
  if (inner.keyword === "") line.fail("ONBUILD requires at least one argument");
  if (inner.kind === "ONBUILD") {
    line.fail("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", inner.text);
  }
  if (inner.kind === "FROM" || inner.kind === "MAINTAINER") {
    line.fail(`${inner.kind} isn't allowed as an ONBUILD trigger`, inner.keyword);
  }
  const bodies = line.hereDocuments.map(({ raw, name }) => `\n${raw}${name}`);
  return {
    kind: "ONBUILD",
    ...line.base,
    expression: inner.text + bodies.join(""),
    instruction: parseInstruction(inner),
  };
}

/** What stands behind `ONBUILD`, as a line of its own. */
export function innerLine(line: InstructionLine): InstructionLine {
  const text = line.text.slice(line.keyword.length);
  return new InstructionLine(text, line.position, line.origin, line.hereDocuments);
}
