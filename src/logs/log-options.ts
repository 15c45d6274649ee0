import { existsSync } from "node:fs";
import { invalidArgument } from "../spec/index.ts";
import { LOG_DRIVERS } from "./log-configuration.ts";
import type { LogFileLimits } from "./log-file.ts";
import { parseHumanSize, parseMemorySize } from "./log-size.ts";
import {
  parseSyslogAddress,
  parseSyslogFacility,
  parseSyslogFormat,
} from "./remote/syslog-options.ts";

type Options = Readonly<Record<string, string>>;

const COMMON = ["env", "env-regex", "labels", "labels-regex", "tag"];
const FILES = ["max-file", "max-size", "compress"];
const CACHE = [...COMMON, ...FILES, "disabled"].map((name) => `cache-${name}`);
const SYSLOG = ["address", "facility", "tls-ca-cert", "tls-cert", "tls-key", "tls-skip-verify"];

const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  local: new Set([...COMMON, ...FILES]),
  "json-file": new Set([...COMMON, ...FILES]),
  syslog: new Set([...COMMON, "syslog-format", ...SYSLOG.map((name) => `syslog-${name}`)]),
  journald: new Set(COMMON),
};

/**
 * Checks `--log-driver` and `--log-opt` before a container is made. Throws `invalid-argument` with
 * Docker's messages.
 */
export function validateLogOptions(driver: string, options: Options): void {
  if (driver === "none") return;
  validateMode(options);
  const disabled = options["cache-disabled"];
  if (disabled !== undefined && disabled !== "" && parseBoolean(disabled) === undefined) {
    throw invalidArgument(`invalid value for option cache-disabled: ${disabled}`);
  }
  const known = KNOWN[driver];
  if (known === undefined || !(LOG_DRIVERS as readonly string[]).includes(driver)) {
    throw invalidArgument(`logger: no log driver named '${driver}' is registered`);
  }
  for (const name of Object.keys(options)) {
    if (known.has(name) || CACHE.includes(name) || name === "mode" || name === "max-buffer-size") {
      continue;
    }
    throw invalidArgument(
      driver === "local"
        ? `unknown log opt '${name}' for log driver local`
        : `unknown log opt '${name}' for ${driver} log driver`,
    );
  }
  validatePatterns(options);
  validateDriver(driver, options);
}

function validateDriver(driver: string, options: Options): void {
  if (driver === "local") localLimits(options);
  if (driver === "json-file") jsonFileLimits(options);
  if (driver === "syslog") {
    const address = parseSyslogAddress(options["syslog-address"] ?? "");
    if (address?.path !== undefined && !existsSync(address.path)) {
      throw invalidArgument(`stat ${address.path}: no such file or directory`);
    }
    parseSyslogFacility(options["syslog-facility"] ?? "");
    parseSyslogFormat(options["syslog-format"] ?? "");
  }
}

function validateMode(options: Options): void {
  const mode = options["mode"] ?? "";
  if (!["", "blocking", "non-blocking"].includes(mode)) {
    throw invalidArgument(`logger: logging mode not supported: ${mode}`);
  }
  const size = options["max-buffer-size"];
  if (size === undefined) return;
  if (mode !== "non-blocking") {
    throw invalidArgument(
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    );
  }
  if (parseMemorySize(size) === undefined) {
    throw invalidArgument(`error parsing option max-buffer-size: invalid size: '${size}'`);
  }
}

function validatePatterns(options: Options): void {
  for (const name of ["labels-regex", "env-regex"]) {
    try {
      new RegExp(options[name] ?? "");
    } catch {
      throw invalidArgument(`error parsing regexp: ${JSON.stringify(options[name])}`);
    }
  }
}

const DEFAULT_FILES = 5;

/** Docker's defaults, but for `compress`: an old file is compressed only if that is asked for. */
export function localLimits(options: Options): LogFileLimits {
  const maxSize = sizeOption(options, "max-size", 20 * 1024 * 1024, "invalid value for max-size: ");
  const files = options["max-file"];
  const maxFiles = files === undefined ? DEFAULT_FILES : parseWholeNumber(files);
  if (maxFiles === undefined) {
    throw invalidArgument(`invalid value for max-file: ${files}: ${notANumber(files ?? "")}`);
  }
  const compress = booleanOption(options, "invalid boolean value for compress: ");
  if (maxSize < 0) throw invalidArgument("max-size must not be negative");
  if (maxFiles < 0) throw invalidArgument("max-file must not be negative");
  if (compress && maxFiles <= 1) {
    throw invalidArgument("compression cannot be enabled when max file count is 1");
  }
  // Go's zero value of either means: no rotation.
  return {
    maxSize: maxSize || Number.POSITIVE_INFINITY,
    maxFiles: Math.max(maxFiles, 1),
    compress,
  };
}

/** Docker leaves a json-file log without an end; Berth bounds it unless `max-size` is given. */
export function jsonFileLimits(options: Options): LogFileLimits {
  const maxSize = sizeOption(options, "max-size", 100 * 1000 * 1000, "");
  if (maxSize <= 0) throw invalidArgument("max-size must be a positive number");
  const files = options["max-file"];
  const byDefault = options["max-size"] === undefined ? DEFAULT_FILES : 1;
  const maxFiles = files === undefined ? byDefault : parseWholeNumber(files);
  if (maxFiles === undefined) throw invalidArgument(notANumber(files ?? ""));
  if (maxFiles < 1) throw invalidArgument("max-file cannot be less than 1");
  const compress = booleanOption(options, "");
  if (compress && (maxFiles === 1 || options["max-size"] === undefined)) {
    throw invalidArgument(
      "compress cannot be true when max-file is less than 2 or max-size is not set",
    );
  }
  return { maxSize, maxFiles, compress };
}

/** The limits of the local copy that a remote driver keeps; undefined when it is disabled. */
export function cacheLimits(options: Options): LogFileLimits | undefined {
  if (parseBoolean(options["cache-disabled"] ?? "") === true) return undefined;
  const own = Object.entries(options)
    .filter(([name]) => name.startsWith("cache-"))
    .map(([name, value]) => [name.slice("cache-".length), value]);
  return localLimits(Object.fromEntries(own));
}

function sizeOption(options: Options, name: string, byDefault: number, prefix: string): number {
  const text = options[name];
  if (text === undefined) return byDefault;
  const size = parseHumanSize(text);
  if (size !== undefined) return size;
  const subject = prefix === "" ? "" : `${prefix}${text}: `;
  throw invalidArgument(`${subject}invalid size: '${text}'`);
}

function booleanOption(options: Options, prefix: string): boolean {
  const text = options["compress"];
  if (text === undefined) return false;
  const value = parseBoolean(text);
  if (value !== undefined) return value;
  throw invalidArgument(
    `${prefix}strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

/** The spellings of Go's strconv.ParseBool. */
export function parseBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  return undefined;
}

const parseWholeNumber = (text: string): number | undefined =>
  /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;

const notANumber = (text: string): string =>
  `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
