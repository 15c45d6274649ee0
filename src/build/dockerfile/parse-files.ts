import type { AddInstruction, CopyInstruction, InlineFile } from "./ast.ts";
import { hereDocumentContent, readHereDocumentWord } from "./here-document.ts";
import type { FlagValues, InstructionLine } from "./instruction-line.ts";

const COMMON = { chown: "string", chmod: "string", link: "boolean", exclude: "list" } as const;

export function parseCopy(line: InstructionLine): CopyInstruction {
  const flags = line.readFlags({ ...COMMON, from: "string", parents: "boolean" });
  const from = flags.string("from");
  if (from !== undefined && /\$./.test(from)) {
    line.fail(
      `--from doesn't support variables, found '${from}'`,
      from,
      `write "FROM ${from} AS name" above and "--from=name" here`,
    );
  }
  return {
    kind: "COPY",
    ...line.base,
    ...filesOf(line, "COPY"),
    ...commonFlags(flags),
    parents: flags.boolean("parents") ?? false,
    ...(from === undefined || from === "" ? {} : { from }),
  };
}

export function parseAdd(line: InstructionLine): AddInstruction {
  const flags = line.readFlags({
    ...COMMON,
    checksum: "string",
    "keep-git-dir": "boolean",
    unpack: "boolean",
  });
  const checksum = flags.string("checksum");
  const keepGitDir = flags.boolean("keep-git-dir");
  const unpack = flags.boolean("unpack");
  return {
    kind: "ADD",
    ...line.base,
    ...filesOf(line, "ADD"),
    ...commonFlags(flags),
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}

function commonFlags(flags: FlagValues): {
  link: boolean;
  exclude: readonly string[];
  chown?: string;
  chmod?: string;
} {
  const chown = flags.string("chown");
  const chmod = flags.string("chmod");
  return {
    link: flags.boolean("link") ?? false,
    exclude: flags.list("exclude"),
    ...(chown === undefined || chown === "" ? {} : { chown }),
    ...(chmod === undefined || chmod === "" ? {} : { chmod }),
  };
}

function filesOf(
  line: InstructionLine,
  kind: "COPY" | "ADD",
): { sources: readonly string[]; files: readonly InlineFile[]; destination: string } {
  const words = line.json() ?? (line.rest === "" ? [] : line.rest.split(/\s+/));
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    line.fail(
      `${kind} requires at least two arguments, but only ${words.length === 0 ? "none" : "one"} was provided. Destination could not be determined`,
      line.rest,
      `as in "${kind} source /destination"`,
    );
  }
  if (readHereDocumentWord(destination) !== undefined) {
    line.fail(`${kind} cannot accept a heredoc as a destination`, destination);
  }
  const documents = new Map(line.hereDocuments.map((each) => [each.name, each]));
  const sources: string[] = [];
  const files: InlineFile[] = [];
  for (const word of words.slice(0, -1)) {
    const opened = readHereDocumentWord(word);
    const document = opened === undefined ? undefined : documents.get(opened.name);
    if (document === undefined) sources.push(word);
    else {
      const content = hereDocumentContent(document);
      files.push({ name: document.name, content, expands: document.expands });
    }
  }
  return { sources, files, destination };
}
