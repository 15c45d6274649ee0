import { parseDuration } from "../../spec/timestamp.ts";
import type { HealthCommand, HealthcheckInstruction } from "./ast.ts";
import { InstructionLine } from "./instruction-line.ts";
import { didYouMean } from "./suggest.ts";

export function parseHealthcheck(line: InstructionLine): HealthcheckInstruction {
  const flags = line.readFlags({
    interval: "string",
    timeout: "string",
    "start-period": "string",
    "start-interval": "string",
    retries: "string",
  });
  const match = /^(\S*)\s*([\s\S]*)$/.exec(line.rest);
  const type = match?.[1] ?? "";
  const rest = match?.[2] ?? "";
  if (type === "") line.fail("HEALTHCHECK requires at least one argument");
  if (type.toUpperCase() === "NONE") {
    if (rest !== "") line.fail("HEALTHCHECK NONE takes no arguments", rest);
    return { kind: "HEALTHCHECK", ...line.base, check: "none" };
  }
  if (type.toUpperCase() !== "CMD") {
    const hint = didYouMean(type, ["CMD", "NONE"]) ?? "try CMD";
    line.fail(`Unknown type "${type.toUpperCase()}" in HEALTHCHECK`, type, hint);
  }
  const duration = (name: string): number | undefined =>
    readDuration(line, name, flags.string(name));
  const found = {
    interval: duration("interval"),
    timeout: duration("timeout"),
    startPeriod: duration("start-period"),
    startInterval: duration("start-interval"),
    retries: readRetries(line, flags.string("retries")),
  };
  const given = Object.fromEntries(
    Object.entries(found).filter(([, value]) => value !== undefined && value !== 0),
  );
  return {
    kind: "HEALTHCHECK",
    ...line.base,
    check: { command: healthCommand(line, rest), ...given },
  };
}

function healthCommand(line: InstructionLine, rest: string): HealthCommand["command"] {
  const inner = new InstructionLine(`CMD -- ${rest}`, line.position, line.origin, []);
  const args = inner.json();
  if (rest === "" || args?.length === 0) line.fail("Missing command after HEALTHCHECK CMD");
  return args === undefined ? { form: "shell", script: rest } : { form: "exec", args };
}

const MILLISECOND = 1_000_000;

function readDuration(
  line: InstructionLine,
  name: string,
  text: string | undefined,
): number | undefined {
  if (text === undefined || text === "") return undefined;
  let duration: number;
  try {
    duration = Number(parseDuration(text));
  } catch {
    line.fail(`invalid duration "${text}" of --${name}`, text, "as in 30s, 1m30s or 500ms");
  }
  if (duration !== 0 && duration < MILLISECOND) {
    line.fail(`Interval "${name}" cannot be less than 1ms`, text);
  }
  return duration;
}

function readRetries(line: InstructionLine, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^-\d+$/.test(text)) line.fail(`--retries cannot be negative (${text})`, text);
  const retries = Number(text);
  if (!/^\+?\d+$/.test(text) || retries > 0x7fffffff) {
    line.fail(`invalid number "${text}" of --retries`, text);
  }
  return retries;
}
