import type { CommandInstruction, CommandLine, DeviceFlag, RunInstruction } from "./ast.ts";
import { hereDocumentContent, readHereDocumentWord } from "./here-document.ts";
import type { InstructionLine } from "./instruction-line.ts";
import { MountFault, readMountFlag } from "./parse-mount.ts";
import { didYouMean } from "./suggest.ts";

export function parseRun(line: InstructionLine): RunInstruction {
  const flags = line.readFlags({
    mount: "list",
    network: "string",
    security: "string",
    device: "list",
  });
  return {
    kind: "RUN",
    ...line.base,
    command: runCommand(line),
    mounts: flags.list("mount").map((text) => {
      try {
        return readMountFlag(text);
      } catch (error) {
        if (error instanceof MountFault) line.fail(error.message, error.subject, error.hint);
        throw error;
      }
    }),
    network: oneOf(line, "network", flags.string("network"), ["default", "none", "host"]),
    security: oneOf(line, "security", flags.string("security"), ["sandbox", "insecure"]),
    devices: flags.list("device").map((text) => readDevice(line, text)),
  };
}

/** The first of `known` where the flag is absent. */
function oneOf<T extends string>(
  line: InstructionLine,
  name: string,
  value: string | undefined,
  known: readonly [T, ...T[]],
): T {
  if (value === undefined || value === "") return known[0];
  const found = known.find((each) => each === value.toLowerCase());
  return (
    found ??
    line.fail(
      `unsupported ${name} mode "${value}"`,
      value,
      didYouMean(value, known) ?? `known are ${known.join(", ")}`,
    )
  );
}

function readDevice(line: InstructionLine, text: string): DeviceFlag {
  let name: string | undefined;
  let required = false;
  for (const field of text.split(",")) {
    const [key = "", value] = field.split("=", 2);
    if (key === "required") required = value === undefined || value.toLowerCase() === "true";
    else if (key === "name" && value !== undefined) name = value;
    else if (name === undefined && (value === undefined || field.includes("/"))) name = field;
    else line.fail(`unexpected key '${key}' in '${text}'`, key);
  }
  if (name === undefined || name === "") line.fail(`the device "${text}" has no name`, text);
  return { name, required };
}

function runCommand(line: InstructionLine): CommandLine {
  const args = line.json();
  if (args !== undefined) {
    if (args.length === 0) line.fail("RUN requires at least one argument");
    return { form: "exec", args };
  }
  if (line.rest === "") line.fail("RUN requires at least one argument");
  const [only, ...others] = line.hereDocuments;
  if (only === undefined) return { form: "shell", script: line.rest };
  if (others.length === 0 && readHereDocumentWord(line.rest) !== undefined) {
    const content = hereDocumentContent(only);
    return content.startsWith("#!")
      ? { form: "script", name: only.name, content }
      : { form: "shell", script: content };
  }
  // The shell reads them itself: it sees what stands in the file.
  const bodies = line.hereDocuments.map(({ raw, name }) => `\n${raw}${name}`);
  return { form: "shell", script: line.rest + bodies.join("") };
}

/** `CMD`, `ENTRYPOINT`: without anything behind it they clear what the base image says. */
export function parseCommand(
  line: InstructionLine,
  kind: "CMD" | "ENTRYPOINT",
): CommandInstruction {
  line.readFlags({});
  const args = line.json() ?? (line.rest === "" ? [] : undefined);
  if (args !== undefined) return { kind, ...line.base, command: { form: "exec", args } };
  return { kind, ...line.base, command: { form: "shell", script: line.rest } };
}
