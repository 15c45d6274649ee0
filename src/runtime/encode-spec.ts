import type { RuntimeProcess, RuntimeRlimit, RuntimeSpec } from "../spec/index.ts";

/** The specification's RLIM_INFINITY, 2^64-1: a double cannot hold it, and runc takes no larger number. */
const UNLIMITED_TEXT = "18446744073709551615";

/** Part of ES2025's proposal "JSON.parse source text access"; Bun has it, TypeScript's library does not. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

const encodeLimit = (value: number): unknown =>
  value === Number.POSITIVE_INFINITY ? rawJSON(UNLIMITED_TEXT) : value;

function encodable(process: RuntimeProcess): object {
  const encodeOne = ({ type, soft, hard }: RuntimeRlimit) => ({
    type,
    soft: encodeLimit(soft),
    hard: encodeLimit(hard),
  });
  return process.rlimits === undefined
    ? process
    : { ...process, rlimits: process.rlimits.map(encodeOne) };
}

/** The text of `config.json`. */
export function encodeRuntimeSpec(spec: RuntimeSpec): string {
  return JSON.stringify({ ...spec, process: encodable(spec.process) });
}

/** The text of an exec's process file. */
export function encodeRuntimeProcess(process: RuntimeProcess): string {
  return JSON.stringify(encodable(process));
}
