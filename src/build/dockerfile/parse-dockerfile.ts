import type {
  ArgInstruction,
  CheckDirective,
  Dockerfile,
  DockerfileSource,
  Instruction,
  Position,
  Stage,
  SyntaxFinding,
} from "./ast.ts";
import { readCheckOptions, readDirectives } from "./directives.ts";
import { DockerfileError } from "./dockerfile-error.ts";
import { findHereDocuments, type HereDocument } from "./here-document.ts";
import { InstructionLine, type LineOrigin } from "./instruction-line.ts";
import { LineReader, type LogicalLine, splitLines } from "./line-reader.ts";
import { innerLine, parseInstruction } from "./parse-instruction.ts";
import { readJsonForm } from "./split-words.ts";

const STAGE_NAME = /^[a-z][a-z0-9\-_.]*$/;

/** Reads a Dockerfile; `fileName` stands in errors. Throws `DockerfileError` at the first mistake. */
export function parseDockerfile(text: string, fileName = "Dockerfile"): Dockerfile {
  const source: DockerfileSource = { name: fileName, lines: splitLines(text) };
  const { directives, firstLine } = readDirectives(source);
  const reader = new LineReader(source.lines, directives.escape, firstLine);
  const findings: SyntaxFinding[] = [];
  const checks = new Map<number, CheckDirective>();
  const globalArgs: ArgInstruction[] = [];
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (let logical = reader.read(); logical !== undefined; logical = reader.read()) {
    const origin = { source, escape: directives.escape, comments: logical.comments, findings };
    const line = readInstructionLine(logical, origin, reader);
    if (logical.emptyContinuation) line.note("NoEmptyContinuation", line.kind);
    const check = inlineCheck(logical);
    if (check !== undefined) checks.set(logical.line, check);
    if (line.kind === "FROM") {
      stages.push(parseFrom(line, stages.length));
      continue;
    }
    const instruction = parseInstruction(line);
    const stage = stages.at(-1);
    if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === "ARG") globalArgs.push(instruction);
    else {
      line.fail(
        "no build stage in current context",
        line.keyword,
        `only ARG may stand before the first FROM`,
      );
    }
  }
  if (stages.length === 0) {
    const last = Math.max(1, source.lines.length);
    const position = { line: last, endLine: last };
    const reason = globalArgs.length === 0 ? "file with no instructions" : "no build stage";
    throw new DockerfileError(reason, { source, position, hint: "it needs a FROM" });
  }
  return { directives, globalArgs, stages, source, findings, checks };
}

/** `# check=skip=RULE why` among the comments above an instruction. */
function inlineCheck({ comments }: LogicalLine): CheckDirective | undefined {
  for (const comment of comments) {
    const options = /^check\s*=\s*(\S+)/i.exec(comment)?.[1];
    if (options !== undefined) return readCheckOptions(options);
  }
  return undefined;
}

/** `ONBUILD` of a base image's configuration. Throws `DockerfileError` with the trigger as the text. */
export function parseTrigger(expression: string, image: string): Instruction {
  const source: DockerfileSource = {
    name: `ONBUILD of ${image}`,
    lines: splitLines(expression),
  };
  const reader = new LineReader(source.lines, "\\", 1);
  const logical = reader.read();
  if (logical === undefined) {
    const position = { line: 1, endLine: 1 };
    throw new DockerfileError("ONBUILD requires at least one argument", { source, position });
  }
  const origin: LineOrigin = { source, escape: "\\", comments: [], findings: [] };
  return parseInstruction(readInstructionLine(logical, origin, reader));
}

function readInstructionLine(
  logical: LogicalLine,
  origin: LineOrigin,
  reader: LineReader,
): InstructionLine {
  const head = { line: logical.line, endLine: logical.endLine };
  const line = new InstructionLine(logical.text, head, origin, []);
  if (!takesHereDocuments(line)) return line;
  const documents: HereDocument[] = [];
  for (const word of findHereDocuments(line.text)) {
    documents.push(
      reader.readHereDocument(word) ??
        line.fail("unterminated heredoc", word.name, `no line consists of ${word.name} alone`),
    );
  }
  if (documents.length === 0) return line;
  const position: Position = { line: logical.line, endLine: reader.line };
  return new InstructionLine(logical.text, position, origin, documents);
}

function takesHereDocuments(line: InstructionLine): boolean {
  if (line.kind === "ONBUILD") return takesHereDocuments(innerLine(line));
  return /^(?:RUN|COPY|ADD)$/.test(line.kind) && readJsonForm(line.rest) === undefined;
}

function parseFrom(line: InstructionLine, index: number): Stage & { instructions: Instruction[] } {
  const platform = line.readFlags({ platform: "string" }).string("platform");
  const words = line.rest === "" ? [] : line.rest.split(/\s+/);
  const [base, as, writtenName] = words;
  if (base === undefined || (words.length !== 1 && words.length !== 3)) {
    line.fail("FROM requires either one or three arguments", line.rest, "FROM image [AS name]");
  }
  if (as !== undefined && as.toUpperCase() !== "AS") {
    line.fail("FROM requires either one or three arguments", as, "FROM image AS name");
  }
  const name = writtenName?.toLowerCase();
  if (name !== undefined && !STAGE_NAME.test(name)) {
    line.fail(
      `invalid name for build stage: "${writtenName}", name can't start with a number or contain symbols`,
      writtenName,
    );
  }
  const comment = line.origin.comments.at(-1);
  return {
    index,
    base,
    instructions: [],
    position: line.position,
    text: line.text,
    ...(platform === undefined || platform === "" ? {} : { platform }),
    ...(name === undefined || writtenName === undefined ? {} : { name, writtenName }),
    ...(comment === undefined ? {} : { comment }),
  };
}
