import type { LogIdentity } from "./log-configuration.ts";
import { renderTag } from "./log-tag.ts";

/**
 * The labels and variables that the options `labels`, `labels-regex`, `env` and `env-regex` name, for
 * `--details` and for remote drivers.
 */
export function logAttributes(
  identity: LogIdentity,
  options: Readonly<Record<string, string>>,
): Record<string, string> {
  const env = Object.fromEntries(
    identity.env.filter((entry) => entry.includes("=")).map((entry) => splitAtFirst(entry)),
  );
  return {
    ...select(identity.labels, options["labels"], options["labels-regex"]),
    ...select(env, options["env"], options["env-regex"]),
  };
}

/** The same with `tag`, which the drivers that write files keep only if it was asked for. */
export function fileAttributes(
  identity: LogIdentity,
  options: Readonly<Record<string, string>>,
): Record<string, string> {
  const attributes = logAttributes(identity, options);
  const template = options["tag"] ?? "";
  const tag = template === "" ? "" : renderTag(template, identity);
  return tag === "" ? attributes : { ...attributes, tag };
}

function splitAtFirst(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return [entry.slice(0, at), entry.slice(at + 1)];
}

function select(
  values: Readonly<Record<string, string>>,
  names: string | undefined,
  pattern: string | undefined,
): Record<string, string> {
  const listed = new Set((names ?? "").split(","));
  const matches = pattern === undefined || pattern === "" ? undefined : new RegExp(pattern);
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => listed.has(name) || matches?.test(name) === true),
  );
}
