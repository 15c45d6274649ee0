import { posix } from "node:path";
import {
  type HealthConfig,
  type ImageRunConfig,
  invalidArgument,
  parseDuration,
} from "../../spec/index.ts";
import { expandWord, splitWords } from "./instruction-words.ts";

/** One instruction with the configuration that it changes. */
interface Change {
  readonly config: ImageRunConfig;
  readonly text: string;
  /** A CMD among these changes stays when an ENTRYPOINT follows. */
  commandSet: boolean;
}

const INSTRUCTIONS: Record<string, (change: Change) => void> = {
  cmd(change) {
    change.config.Cmd = command(change);
    change.commandSet = true;
  },
  entrypoint(change) {
    const words = command(change);
    change.config.Entrypoint = words.length === 0 ? null : words;
    if (!change.commandSet) change.config.Cmd = null;
  },
  env({ config, text }) {
    for (const [name, value] of pairs("ENV", text, config)) {
      const others = (config.Env ?? []).filter((entry) => !entry.startsWith(`${name}=`));
      config.Env = [...others, `${name}=${value}`];
    }
  },
  label({ config, text }) {
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairs("LABEL", text, config)) };
  },
  expose({ config, text }) {
    const ports = required("EXPOSE", expandedWords(text, config)).flatMap(exposedPorts);
    config.ExposedPorts = { ...config.ExposedPorts, ...keys(ports) };
  },
  volume({ config, text }) {
    const paths = required("VOLUME", jsonWords(text) ?? expandedWords(text, config));
    if (paths.includes("")) throw invalidArgument("VOLUME specified can not be an empty string");
    config.Volumes = { ...config.Volumes, ...keys(paths) };
  },
  user({ config, text }) {
    config.User = single("USER", text, config);
  },
  workdir({ config, text }) {
    const path = single("WORKDIR", text, config);
    config.WorkingDir = posix.resolve("/", config.WorkingDir ?? "", path);
  },
  stopsignal({ config, text }) {
    config.StopSignal = single("STOPSIGNAL", text, config);
  },
  healthcheck({ config, text }) {
    config.Healthcheck = healthcheck(text);
  },
  onbuild({ config, text }) {
    const trigger = /^\S+/.exec(text)?.[0].toUpperCase();
    if (trigger === undefined) throw invalidArgument("ONBUILD requires at least one argument");
    if (trigger === "ONBUILD") {
      throw invalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    }
    if (trigger === "FROM" || trigger === "MAINTAINER") {
      throw invalidArgument(`${trigger} isn't allowed as an ONBUILD trigger`);
    }
    config.OnBuild = [...(config.OnBuild ?? []), text];
  },
};

/**
 * Applies the Dockerfile instructions of `--change` to a configuration; returns a new one.
 * Throws `invalid-argument` for what is malformed or has no business in a change (`run is not a valid
 * change command`).
 */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  const result = structuredClone(config);
  let commandSet = false;
  for (const line of logicalLines(changes.join("\n"))) {
    const [, name = "", text = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
    const apply = Object.hasOwn(INSTRUCTIONS, name.toLowerCase())
      ? INSTRUCTIONS[name.toLowerCase()]
      : undefined;
    if (apply === undefined) {
      throw invalidArgument(`${name.toLowerCase()} is not a valid change command`);
    }
    const change: Change = { config: result, text: text.trim(), commandSet };
    apply(change);
    commandSet = change.commandSet;
  }
  return result;
}

function logicalLines(text: string): string[] {
  return text
    .replace(/\\[ \t]*\n/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** `["a","b"]`; undefined if it is anything else. */
function jsonWords(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isWords = Array.isArray(value) && value.every((word) => typeof word === "string");
    return isWords ? value : undefined;
  } catch {
    return undefined;
  }
}

function command({ config, text }: Change): string[] {
  const words = jsonWords(text);
  if (words !== undefined) return words;
  if (text === "") return [];
  return [...(config.Shell ?? ["/bin/sh", "-c"]), text];
}

function expandedWords(text: string, config: ImageRunConfig): string[] {
  return splitWords(text).map((word) => expandWord(word, config.Env ?? []));
}

function required(instruction: string, words: string[]): string[] {
  if (words.length === 0) throw invalidArgument(`${instruction} requires at least one argument`);
  return words;
}

function single(instruction: string, text: string, config: ImageRunConfig): string {
  if (text === "") throw invalidArgument(`${instruction} requires exactly one argument`);
  return expandWord(text, config.Env ?? []);
}

/** `a=1 b="2 3"`, or the old `a rest of the line`. */
function pairs(
  instruction: string,
  text: string,
  config: ImageRunConfig,
): [name: string, value: string][] {
  const words = required(instruction, splitWords(text));
  const environment = config.Env ?? [];
  const [first = ""] = words;
  if (!first.includes("=")) {
    const value = text.slice(first.length).trim();
    if (value === "") throw invalidArgument(`${instruction} must have two arguments`);
    return [[expandWord(first, environment), expandWord(value, environment)]];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) {
      throw invalidArgument(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    }
    const name = expandWord(word.slice(0, equals), environment);
    if (name === "") throw invalidArgument(`${instruction} names can not be blank`);
    return [name, expandWord(word.slice(equals + 1), environment)];
  });
}

function exposedPorts(text: string): string[] {
  const [range = "", protocol = "tcp"] = text.split("/");
  const [first, last] = range.split("-").map(Number);
  const valid = (port: number | undefined) =>
    port !== undefined && Number.isInteger(port) && port >= 1 && port <= 65_535;
  const end = last ?? first;
  const malformed =
    !/^\d+(-\d+)?$/.test(range) || !["tcp", "udp", "sctp"].includes(protocol.toLowerCase());
  if (malformed || first === undefined || end === undefined || !valid(first) || !valid(end)) {
    throw invalidArgument(`Invalid containerPort: ${text}`);
  }
  if (end < first) throw invalidArgument(`Invalid containerPort: ${text}`);
  return Array.from(
    { length: end - first + 1 },
    (_, n) => `${first + n}/${protocol.toLowerCase()}`,
  );
}

function keys(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

const HEALTH_FLAGS: Record<string, "Interval" | "Timeout" | "StartPeriod" | "StartInterval"> = {
  interval: "Interval",
  timeout: "Timeout",
  "start-period": "StartPeriod",
  "start-interval": "StartInterval",
};

function healthcheck(text: string): HealthConfig {
  const health: HealthConfig = {};
  let rest = text;
  for (;;) {
    const [whole, flag = "", value = ""] = /^--([a-z-]+)=(\S*)\s*/.exec(rest) ?? [];
    if (whole === undefined) break;
    rest = rest.slice(whole.length);
    setHealthFlag(health, flag, value);
  }
  const [, kind = "", arguments_ = ""] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
  if (kind.toUpperCase() === "NONE") {
    if (arguments_ !== "") throw invalidArgument("HEALTHCHECK NONE takes no arguments");
    return { Test: ["NONE"] };
  }
  if (kind.toUpperCase() !== "CMD") {
    throw invalidArgument(
      kind === ""
        ? "HEALTHCHECK requires at least one argument"
        : `Unknown type ${JSON.stringify(kind.toUpperCase())} in HEALTHCHECK (try CMD)`,
    );
  }
  if (arguments_ === "") throw invalidArgument("Missing command after HEALTHCHECK CMD");
  const words = jsonWords(arguments_);
  return { Test: words === undefined ? ["CMD-SHELL", arguments_] : ["CMD", ...words], ...health };
}

function setHealthFlag(health: HealthConfig, flag: string, value: string): void {
  if (flag === "retries") {
    if (!/^\d+$/.test(value)) {
      throw invalidArgument(`--retries must be at least 0 (not ${value})`);
    }
    health.Retries = Number(value);
    return;
  }
  const key = Object.hasOwn(HEALTH_FLAGS, flag) ? HEALTH_FLAGS[flag] : undefined;
  if (key === undefined) throw invalidArgument(`Unknown flag: ${flag}`);
  const duration = Number(parseDuration(value));
  if (duration !== 0 && duration < 1_000_000) {
    throw invalidArgument(`Interval ${JSON.stringify(flag)} cannot be less than 1ms`);
  }
  health[key] = duration;
}
